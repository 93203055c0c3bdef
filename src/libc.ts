/** Functions of the C library that Node lacks. */
export interface CLibrary {
  /**
   * Returns a function of the library.
   *
   * @param prototype its C declaration; `_Inout_` marks memory that the function changes
   */
  bind<Signature>(prototype: string): Signature;
  /** Returns the error number of the last call. */
  errno(): number;
}

let exit: ((code: number) => void) | undefined;

/**
 * Exits immediately if koffi was loaded. At a normal exit, koffi syncs standard output, and would wait forever if the
 * sync failed, for example on a full disk.
 */
export function endAtOnce(code: number): void {
  exit?.(code);
}

/** Loads the C library with koffi; undefined if koffi has no binary for this machine. */
export async function loadCLibrary(): Promise<CLibrary | undefined> {
  try {
    const { default: koffi } = await import("koffi");
    const library = koffi.load(null);
    const bind = <Signature>(prototype: string) => library.func(prototype) as Signature;
    exit = bind<(code: number) => void>("void _exit(int)");
    return { bind, errno: () => koffi.errno() };
  } catch {
    return undefined;
  }
}
