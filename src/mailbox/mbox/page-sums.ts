/**
 * A sum of each page of a file that is about to be overwritten. After a crash, each page of the file has to be the old one
 * or the new one; if it is neither, another program has written the file since, and it is not to be touched.
 */
const pageSize = 4096;
const pagesAtOnce = 1024;

/** Returns a sum of words that tells chance damage, no more. */
export function sumOfPage(words: Int32Array, start: number, end: number): number {
  // Four lanes, so that one multiplication needs not wait for the other.
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

/** Fills bytes from a position of the file. @returns how many there were */
export type Read = (bytes: Uint8Array, position: number) => number;

/** Sums a file little by little, while it is being copied anyway. */
export class PageSums {
  readonly #read: Read;
  readonly #start: number;
  readonly #sums: Int32Array;
  readonly #words = new Int32Array((pagesAtOnce * pageSize) / 4);
  /** What lies before it is summed. */
  #at: number;

  /** @param start where the bytes that count begin @param most where they end at the latest */
  constructor(read: Read, start: number, most: number) {
    this.#read = read;
    this.#start = start;
    this.#at = start;
    this.#sums = new Int32Array(start < most ? this.#pagesBefore(most) : 0);
  }

  #pagesBefore(end: number): number {
    return Math.ceil(end / pageSize) - Math.floor(this.#start / pageSize);
  }

  /** Sums the pages that lie before `end` wholly. */
  advance(end: number): void {
    const whole = Math.floor(end / pageSize) * pageSize;
    while (this.#at < whole) this.#sumUntil(whole);
  }

  /** @returns a sum for each page that has bytes from the start to `end`, of these bytes alone */
  finish(end: number): Int32Array {
    while (this.#at < end) this.#sumUntil(end);
    return this.#sums.subarray(0, this.#start < end ? this.#pagesBefore(end) : 0);
  }

  /** Some pages; the first and the last may be parts of one. */
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

/** Returns a sum for each page that has bytes from `start` to `end`, of these bytes alone */
export function pageSums(read: Read, start: number, end: number): Int32Array {
  return new PageSums(read, start, end).finish(end);
}

/** Returns whether each page is one of two. */
export function eachIsOneOf(now: Int32Array, before: Int32Array, after: Int32Array): boolean {
  return now.every((sum, page) => sum === before[page] || sum === after[page]);
}
