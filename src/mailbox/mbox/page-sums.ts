/**
 * A sum of each page of a file that is about to be overwritten. After a crash, each page of the file has to be the old one
 * or the new one; if it is neither, another program has written the file since, and it is not to be touched.
 */
const pageSize = 4096;
const pagesAtOnce = 1024;

/** A sum of words that tells chance damage, no more. */
export function sumOf(words: Int32Array, start: number, end: number): number {
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

/** Calls `each` with the sum of every page that lies in `start` to `end`; the first and the last may be parts of a page. */
function eachPage(
  read: (bytes: Uint8Array, position: number) => number,
  start: number,
  end: number,
  each: (page: number, sum: number) => void,
): void {
  const words = new Int32Array((pagesAtOnce * pageSize) / 4);
  const bytes = new Uint8Array(words.buffer);
  const first = Math.floor(start / pageSize);
  for (let page = first; page * pageSize < end; page += pagesAtOnce) {
    const position = page * pageSize;
    const from = Math.max(0, start - position);
    const to = Math.min(bytes.length, end - position);
    bytes.fill(0, 0, from);
    const filled = from + read(bytes.subarray(from, to), position + from);
    bytes.fill(0, filled, Math.ceil(to / pageSize) * pageSize);
    for (let i = 0; i * pageSize < to; i++)
      each(page + i - first, sumOf(words, (i * pageSize) / 4, ((i + 1) * pageSize) / 4));
  }
}

/**
 * @param read fills bytes from a position of the file, and tells how many there were
 * @returns a sum for each page that `start` to `end` touches, of the bytes between them alone
 */
export function pageSums(
  read: (bytes: Uint8Array, position: number) => number,
  start: number,
  end: number,
): Int32Array {
  if (end <= start) return new Int32Array(0);
  const sums = new Int32Array(Math.ceil(end / pageSize) - Math.floor(start / pageSize));
  eachPage(read, start, end, (page, sum) => {
    sums[page] = sum;
  });
  return sums;
}

/** Whether each page is one of two. */
export function eachIsOneOf(now: Int32Array, before: Int32Array, after: Int32Array): boolean {
  return now.every((sum, page) => sum === before[page] || sum === after[page]);
}
