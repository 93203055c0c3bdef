/**
 * Computes a checksum of each page of a file before the page is overwritten. After a crash, each page must be either
 * old or new. If a page is neither old nor new, another program has written to the file. In that case, the file must
 * stay unchanged.
 */
const pageSize = 4096;
const pagesAtOnce = 1024;

/** Returns the checksum of a range of words. The checksum detects only accidental damage. */
export function sumOfPage(words: Int32Array, start: number, end: number): number {
  // Four independent checksums are computed, so that no multiplication has to wait for the previous one.
  let a = 1;
  let b = 2;
  let c = 3;
  let d = 4;
  let i = start;
  for (; i + 3 < end; i += 4) {
    a = Math.imul(a ^ (words[i] as number), 0x01000193);
    b = Math.imul(b ^ (words[i + 1] as number), 0x01000193);
    c = Math.imul(c ^ (words[i + 2] as number), 0x01000193);
    d = Math.imul(d ^ (words[i + 3] as number), 0x01000193);
  }
  return a ^ Math.imul(b, 31) ^ Math.imul(c, 961) ^ Math.imul(d, 29791);
}

/** Fills `bytes` with the bytes at a position in the file. @returns the number of bytes read */
export type Read = (bytes: Uint8Array, position: number) => number;

/** Computes the checksums of a file's pages step by step, while the file is being copied. */
export class PageSums {
  readonly #read: Read;
  readonly #start: number;
  readonly #sums: Int32Array;
  readonly #words = new Int32Array((pagesAtOnce * pageSize) / 4);
  /** The offset up to which the checksums have been computed. */
  #at: number;

  /**
   * Prepares the computation.
   *
   * @param start the offset of the first byte that the checksums cover
   * @param most the highest offset up to which checksums may be requested
   */
  constructor(read: Read, start: number, most: number) {
    this.#read = read;
    this.#start = start;
    this.#at = start;
    this.#sums = new Int32Array(start < most ? this.#pagesBefore(most) : 0);
  }

  #pagesBefore(end: number): number {
    return Math.ceil(end / pageSize) - Math.floor(this.#start / pageSize);
  }

  /** Computes the checksums of all pages that end at or before `end`. */
  advance(end: number): void {
    const whole = Math.floor(end / pageSize) * pageSize;
    while (this.#at < whole) this.#sumUntil(whole);
  }

  /**
   * Computes the checksums of the remaining bytes before `end`.
   *
   * @returns a checksum for each page between the start and `end`; bytes outside this range are ignored
   */
  finish(end: number): Int32Array {
    while (this.#at < end) this.#sumUntil(end);
    return this.#sums.subarray(0, this.#start < end ? this.#pagesBefore(end) : 0);
  }

  /** Computes the checksums of pages. The first and the last page may be incomplete. */
  #sumUntil(end: number): void {
    const words = this.#words;
    const bytes = new Uint8Array(words.buffer);
    const first = Math.floor(this.#at / pageSize);
    const position = first * pageSize;
    const from = this.#at - position;
    const to = Math.min(bytes.length, end - position);
    bytes.fill(0, 0, from);
    const filled = from + this.#read(bytes.subarray(from, to), position + from);
    bytes.fill(0, filled, Math.ceil(to / pageSize) * pageSize);
    const index = first - Math.floor(this.#start / pageSize);
    for (let i = 0; i * pageSize < to; i++)
      this.#sums[index + i] = sumOfPage(words, (i * pageSize) / 4, ((i + 1) * pageSize) / 4);
    this.#at = position + to;
  }
}

/** Returns a checksum for each page between `start` and `end`. Bytes outside this range are ignored. */
export function pageSums(read: Read, start: number, end: number): Int32Array {
  return new PageSums(read, start, end).finish(end);
}

/** Returns whether the checksum of each page matches the page's old or new contents. */
export function eachIsOneOf(now: Int32Array, before: Int32Array, after: Int32Array): boolean {
  return now.every((sum, page) => sum === before[page] || sum === after[page]);
}
