/**
 * The header of a message out of its bytes, and where one is cut off that no person has written.
 *
 * What is done with a header takes several times its memory, and a text can't be longer than half a gigabyte. A message of
 * one line without end is all header. Beyond a length that no list of recipients reaches, the fields that are left go with
 * the body, as they are stored.
 */
const firstPiece = 16 << 10;
const longest = 4 << 20;
const emptyLine = Buffer.from("\n\n");

/** Returns the offset after the empty line that ends the header beginning at `start`; undefined if `bytes` does not have it. */
export function headerEnd(bytes: Buffer, start: number): number | undefined {
  const found = bytes.indexOf(emptyLine, start);
  const end = found < 0 ? bytes.length : found + 2;
  if (!bytes.subarray(start, end).includes(13)) return found < 0 ? undefined : end;
  return anyHeaderEnd(bytes, start);
}

/** Does the same in bytes with CRs: the empty line may end in CRLF. */
function anyHeaderEnd(bytes: Buffer, start: number): number | undefined {
  for (let at = bytes.indexOf(10, start); at >= 0; at = bytes.indexOf(10, at + 1)) {
    if (bytes[at + 1] === 10) return at + 2;
    if (bytes[at + 1] === 13 && bytes[at + 2] === 10) return at + 3;
  }
  return undefined;
}

/** @param read the first bytes of the message */
export function headerOf(size: number, read: (length: number) => Buffer): Buffer {
  for (let length = firstPiece; ; length *= 4) {
    const bytes = read(Math.min(size, length));
    const end = headerEnd(bytes, 0);
    if (end !== undefined) return bytes.subarray(0, end);
    if (length >= size) return bytes;
    if (length >= longest) return wholeFields(bytes);
  }
}

/** The same of the bytes at hand; undefined while more of them may tell. */
export function headerIn(bytes: Buffer): Buffer | undefined {
  const end = headerEnd(bytes, 0);
  if (end !== undefined) return bytes.subarray(0, end);
  return bytes.length > longest ? wholeFields(bytes) : undefined;
}

/** Returns whether fields follow behind a header, which is cut off then: its message has more bytes, and no empty line ends it. */
export function goesOn(header: Buffer, size: number): boolean {
  if (header.length >= size || header.at(-1) !== 10) return false;
  const before = header.at(-2) === 13 ? -3 : -2;
  return header.at(before) !== 10;
}

/** Up to the last line that begins a field: the rest must not look like the folded end of what is put between. */
function wholeFields(bytes: Buffer): Buffer {
  for (let at = bytes.lastIndexOf(10, -2); at >= 0; at = at === 0 ? -1 : bytes.lastIndexOf(10, at - 1)) {
    const next = bytes[at + 1];
    if (next !== 32 && next !== 9) return bytes.subarray(0, at + 1);
  }
  return bytes;
}
