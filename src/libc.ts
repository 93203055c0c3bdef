/** Functions of the C library that Node lacks. */
export interface CLibrary {
  /** Returns a function. @param prototype its declaration in C; `_Inout_` marks memory that it changes */
  bind<Signature>(prototype: string): Signature;
  /** Returns the error number of the last call. */
  errno(): number;
}

/** Loads the C library with koffi; undefined if koffi has no binary for this machine. */
export async function loadCLibrary(): Promise<CLibrary | undefined> {
  try {
    const { default: koffi } = await import("koffi");
    const library = koffi.load(null);
    return { bind: <Signature>(prototype: string) => library.func(prototype) as Signature, errno: () => koffi.errno() };
  } catch {
    return undefined;
  }
}
