import { loadCLibrary } from "../libc.ts";

/** From poll(2). */
const POLLIN = 1;

type Poll = (descriptors: Buffer, count: number, milliseconds: number) => number;

let poll: Promise<Poll | undefined> | undefined;

async function loadPoll(): Promise<Poll | undefined> {
  const library = await loadCLibrary();
  return library?.bind<Poll>("int poll(_Inout_ uint8_t *, unsigned long, int)");
}

/**
 * Returns whether a read would return immediately, with data or at end of input. Returns false if koffi has no binary
 * for this machine.
 */
export async function isReadable(descriptor: number): Promise<boolean> {
  poll ??= loadPoll();
  // A struct pollfd.
  const asked = Buffer.alloc(8);
  asked.writeInt32LE(descriptor, 0);
  asked.writeInt16LE(POLLIN, 4);
  return (await poll)?.(asked, 1, 0) === 1 && (asked.readInt16LE(6) & POLLIN) !== 0;
}
