/**
 * Finds the header in a message's bytes, and truncates a header that no mail program could have written.
 *
 * Processing a header needs an amount of memory that is several times the size of the header, and a string cannot be
 * longer than half a gigabyte. If a message is a single line without a newline, the whole message is the header. A
 * header is therefore truncated if it is longer than any plausible list of recipients. The remaining fields are then
 * left unchanged and treated as part of the body.
 */
const firstPiece = 16 << 10;
/** Length in bytes above which a header is truncated. */
export const longestHeader = 4 << 20;
const emptyLine = Buffer.from("\n\n");

/**
 * Returns the offset after the empty line that ends the header beginning at `start`; undefined if `bytes` does not contain
 * this line.
 */
export function headerEnd(bytes: Buffer, start: number): number | undefined {
  const found = bytes.indexOf(emptyLine, start);
  const end = found < 0 ? bytes.length : found + 2;
  if (!bytes.subarray(start, end).includes(13)) return found < 0 ? undefined : end;
  return anyHeaderEnd(bytes, start);
}

/**
 * Returns the same offset as `headerEnd`, for bytes that contain CRs. In such bytes, the empty line may end in CRLF.
 */
function anyHeaderEnd(bytes: Buffer, start: number): number | undefined {
  for (let at = bytes.indexOf(10, start); at >= 0; at = bytes.indexOf(10, at + 1)) {
    if (bytes[at + 1] === 10) return at + 2;
    if (bytes[at + 1] === 13 && bytes[at + 2] === 10) return at + 3;
  }
  return undefined;
}

/** Returns a message's header, truncated if it is too long. @param read returns the first bytes of the message */
export function headerOf(size: number, read: (length: number) => Buffer): Buffer {
  for (let length = firstPiece; ; length *= 4) {
    const bytes = read(Math.min(size, length));
    const end = headerEnd(bytes, 0);
    if (end !== undefined) return bytes.subarray(0, end);
    if (length >= size) return bytes;
    if (length >= longestHeader) return wholeFields(bytes);
  }
}

/** Returns the header in the bytes read so far, truncated if it is too long; undefined if more bytes must be read. */
export function headerIn(bytes: Buffer): Buffer | undefined {
  const end = headerEnd(bytes, 0);
  if (end !== undefined) return bytes.subarray(0, end);
  return bytes.length > longestHeader ? wholeFields(bytes) : undefined;
}

/**
 * Returns whether a header was truncated, that is, whether the header does not end with an empty line but is followed
 * by more bytes.
 */
export function isHeaderContinued(header: Buffer, size: number): boolean {
  if (header.length >= size || header.at(-1) !== 10) return false;
  const before = header.at(-2) === 13 ? -3 : -2;
  return header.at(before) !== 10;
}

/**
 * Returns the bytes before the last line that begins a field. If a field were cut in the middle, its folded lines could end
 * up after an inserted field.
 */
function wholeFields(bytes: Buffer): Buffer {
  for (let at = bytes.lastIndexOf(10, -2); at >= 0; at = at === 0 ? -1 : bytes.lastIndexOf(10, at - 1)) {
    const next = bytes[at + 1];
    if (next !== 32 && next !== 9) return bytes.subarray(0, at + 1);
  }
  return bytes;
}
