/** Memory in which newlines are found quickly, because four bytes are compared at a time. */

const LF = 10;
const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Returns a word in which the high bit of each byte is set if and only if the same byte of the given word is an LF. */
function markLineFeeds(word: number): number {
  const differs = word ^ 0x0a0a0a0a;
  return ~(((differs & 0x7f7f7f7f) + 0x7f7f7f7f) | differs) & 0x80808080;
}

/** A buffer whose memory begins at a multiple of four bytes. */
export class LineBuffer {
  readonly bytes: Buffer;
  readonly #words: Int32Array;

  /** Creates a buffer with room for at least `size` bytes, whose contents are arbitrary. */
  constructor(size: number) {
    const room = Math.ceil(size / 4) * 4;
    this.bytes = Buffer.allocUnsafeSlow(room);
    this.#words = new Int32Array(this.bytes.buffer, 0, room / 4);
  }

  /** Returns the offset of the first LF at or after `from`; `end` if there is no LF before `end`. */
  lineFeed(from: number, end: number): number {
    if (from >= end) return end;
    const words = this.#words;
    const before = (from & 3) * 8;
    let word = from >> 2;
    let marks = markLineFeeds(words[word] as number) & (isLittleEndian ? -1 << before : -1 >>> before);
    while (marks === 0) {
      word++;
      if (word * 4 >= end) return end;
      marks = markLineFeeds(words[word] as number);
    }
    const place = isLittleEndian ? 31 - Math.clz32(marks & -marks) : Math.clz32(marks);
    return Math.min(word * 4 + (place >> 3), end);
  }

  /** Returns the number of LFs from `start` (inclusive) to `end` (exclusive). */
  countLineFeeds(start: number, end: number): number {
    const { bytes } = this;
    const first = Math.min((start + 3) >> 2, end >> 2) * 4;
    const last = (end >> 2) * 4;
    let found = countMarked(this.#words, first >> 2, last >> 2);
    for (let i = start; i < first; i++) if (bytes[i] === LF) found++;
    for (let i = Math.max(start, last); i < end; i++) if (bytes[i] === LF) found++;
    return found;
  }
}

/** Returns the number of LFs in an array, from the word `start` (inclusive) to the word `end` (exclusive). */
function countMarked(words: Int32Array, start: number, end: number): number {
  let found = 0;
  for (let word = start; word < end; word++) {
    const marks = markLineFeeds(words[word] as number);
    if (marks !== 0) found += Math.imul(marks >>> 7, 0x01010101) >>> 24;
  }
  return found;
}

/** Returns the number of LFs in bytes at any address. */
export function countLineFeeds(bytes: Uint8Array): number {
  const before = (4 - (bytes.byteOffset & 3)) & 3;
  const count = Math.max(0, (bytes.length - before) >> 2);
  // A view of words may not begin at an address between two words, even if it is empty.
  let found = count === 0 ? 0 : countMarked(new Int32Array(bytes.buffer, bytes.byteOffset + before, count), 0, count);
  const last = count === 0 ? 0 : before + count * 4;
  if (count > 0) for (let i = 0; i < before; i++) if (bytes[i] === LF) found++;
  for (let i = last; i < bytes.length; i++) if (bytes[i] === LF) found++;
  return found;
}
