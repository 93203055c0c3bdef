/**
 * Finds the messages of an mbox: one pass over the file in large reads, keeping an offset and a state for each.
 *
 * A message starts at a From_ line at the start of the file or after an empty line (LF or CRLF). The search is for
 * "\nFrom ", which Buffer.indexOf does at the speed of memory; what is around a hit is then looked at.
 */
import { setImmediate as turn } from "node:timers/promises";
import { readRange } from "../bytes.ts";
import { Flag } from "../mailbox.ts";
import { storedStatus } from "../status.ts";
import { isFromLine } from "./from-line.ts";
import type { MessageIndex } from "./message-index.ts";

const pieceSize = 8 << 20;
/** A From_ line longer than this, or a header (for its Status), is judged by its beginning. */
const longestLine = 64 << 10;
const needle = Buffer.from("\nFrom ");
const firstNeedle = Buffer.from("From ");

/** Whether the line before the newline at `at` is empty; what is before `bytes` counts as the start of the file. */
function afterEmptyLine(bytes: Buffer, at: number): boolean {
  if (at === 0) return true;
  if (bytes[at - 1] === 10) return true;
  return bytes[at - 1] === 13 && (at === 1 || bytes[at - 2] === 10);
}

function headerOf(descriptor: number, bytes: Buffer, at: number, position: number, size: number): Buffer {
  const found = headerEnd(bytes, at);
  if (found !== undefined) return bytes.subarray(at, found);
  const piece = readRange(descriptor, position, Math.min(size, position + longestLine));
  return piece.subarray(0, headerEnd(piece, 0) ?? piece.length);
}

/** The offset behind the empty line that ends the header beginning at `start`; undefined when it isn't in `bytes`. */
export function headerEnd(bytes: Buffer, start: number): number | undefined {
  for (let at = bytes.indexOf(10, start); at >= 0; at = bytes.indexOf(10, at + 1)) {
    if (bytes[at + 1] === 10) return at + 2;
    if (bytes[at + 1] === 13 && bytes[at + 2] === 10) return at + 3;
  }
  return undefined;
}

export function flagsOf(header: Buffer): number {
  const { read, old } = storedStatus(header);
  return (old ? 0 : Flag.New) | (read ? Flag.Read : 0);
}

/**
 * Adds the messages found from `from` to `size` to the index.
 *
 * @param from 0, or the start of a message
 */
export async function scan(descriptor: number, from: number, size: number, index: MessageIndex): Promise<void> {
  let position = from;
  let carried = Buffer.alloc(0);
  let first = true;
  while (position < size) {
    const read = readRange(descriptor, position, Math.min(size, position + pieceSize));
    if (read.length === 0) break;
    const base = position - carried.length;
    const bytes = carried.length === 0 ? read : Buffer.concat([carried, read]);
    position += read.length;
    const last = position >= size;
    let keepFrom = Math.max(0, bytes.length - needle.length - 2);
    if (first && base > index.lastStart && bytes.subarray(0, firstNeedle.length).equals(firstNeedle)) {
      if (isFromLine(lineAt(bytes, 0))) index.add(base, flagsOf(headerOf(descriptor, bytes, 0, base, size)));
    }
    first = false;
    for (let at = bytes.indexOf(needle); at >= 0; at = bytes.indexOf(needle, at + 1)) {
      const start = at + 1;
      if (!last && bytes.length - start < longestLine && bytes.indexOf(10, start) < 0) {
        // The line goes on in the next piece: come back to it with what stands before.
        keepFrom = Math.max(0, Math.min(keepFrom, at - 2));
        break;
      }
      if (!afterEmptyLine(bytes, at) || (at === 0 && base !== 0) || base + start <= index.lastStart) continue;
      if (isFromLine(lineAt(bytes, start))) {
        index.add(base + start, flagsOf(headerOf(descriptor, bytes, start, base + start, size)));
      }
    }
    carried = Buffer.from(bytes.subarray(last ? bytes.length : keepFrom));
    if (!last) await turn();
  }
}

function lineAt(bytes: Buffer, start: number): Buffer {
  const end = bytes.indexOf(10, start);
  return bytes.subarray(start, end < 0 ? Math.min(bytes.length, start + longestLine) : end);
}
