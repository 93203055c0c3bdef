import { readRange } from "../file-ranges.ts";
import type { MboxFile } from "./mbox-file.ts";

const length = 4096;

/** How a mailbox begins, and how its last message does: to tell whether it is the same when it has grown. */
export function landmarksOf({ descriptor, covered, index }: MboxFile): Buffer {
  const last = Math.max(0, index.lastStart);
  return Buffer.concat([
    readRange(descriptor, 0, Math.min(covered, length)),
    readRange(descriptor, last, Math.min(covered, last + length)),
  ]);
}
