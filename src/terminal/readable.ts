import type { KoffiFunc } from "koffi";

/** From poll(2). */
const POLLIN = 1;

type Poll = KoffiFunc<(descriptors: Buffer, count: number, milliseconds: number) => number>;

let poll: Promise<Poll | undefined> | undefined;

async function loadPoll(): Promise<Poll | undefined> {
  try {
    const { default: koffi } = await import("koffi");
    return koffi.load(null).func("int poll(_Inout_ uint8_t *, unsigned long, int)") as Poll;
  } catch {
    return undefined;
  }
}

/**
 * Returns whether a read would return immediately, with data or an end of input. Returns false if koffi has no binary
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
