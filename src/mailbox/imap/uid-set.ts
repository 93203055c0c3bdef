/** Sets of UIDs as IMAP writes them (RFC 9051, `sequence-set`): `1:5,7`. */

/** The largest UID (RFC 9051, `uniqueid`: 32 bits). */
export const largestUid = 0xffff_ffff;

/**
 * Writes UIDs as sets with ranges. A set has at most `limit` characters, because servers limit the length of a command (RFC
 * 7162, section 4: 8192 octets).
 *
 * @param uids in ascending order, without repetitions
 */
export function* formatUidSets(uids: readonly number[], limit = 7000): Iterable<{ set: string; count: number }> {
  let parts: string[] = [];
  let length = 0;
  let count = 0;
  for (let first = 0; first < uids.length; ) {
    let last = first;
    while (last + 1 < uids.length && uids[last + 1] === (uids[last] as number) + 1) last++;
    const part = last === first ? `${uids[first]}` : `${uids[first]}:${uids[last]}`;
    if (length > 0 && length + part.length + 1 > limit) {
      yield { set: parts.join(","), count };
      parts = [];
      length = 0;
      count = 0;
    }
    parts.push(part);
    length += part.length + 1;
    count += last - first + 1;
    first = last + 1;
  }
  if (parts.length > 0) yield { set: parts.join(","), count };
}

/** A range of UIDs, both ends included. */
export interface UidRange {
  readonly first: number;
  readonly last: number;
}

/**
 * Parses a set. Ranges may be written in either order.
 *
 * @returns undefined if it is not a set of valid UIDs
 */
export function parseUidRanges(text: string): UidRange[] | undefined {
  const ranges: UidRange[] = [];
  for (const part of text.split(",")) {
    const [, a = "", b] = /^([1-9]\d{0,9})(?::([1-9]\d{0,9}))?$/.exec(part) ?? [];
    if (a === "") return undefined;
    const [from, to] = [Number(a), Number(b ?? a)];
    if (from > largestUid || to > largestUid) return undefined;
    ranges.push({ first: Math.min(from, to), last: Math.max(from, to) });
  }
  return ranges;
}

/** Returns the UIDs in ascending order without repetitions; undefined if there are more than `limit`. */
export function listUids(ranges: readonly UidRange[], limit: number): number[] | undefined {
  let total = 0;
  for (const { first, last } of ranges) total += last - first + 1;
  if (total > limit) return undefined;
  const uids: number[] = [];
  let isSorted = true;
  for (const { first, last } of ranges) {
    if (uids.length > 0 && first <= (uids.at(-1) as number)) isSorted = false;
    for (let uid = first; uid <= last; uid++) uids.push(uid);
  }
  return isSorted ? uids : sortUids(uids);
}

/** Returns UIDs in ascending order without repetitions. */
export function sortUids(uids: readonly number[]): number[] {
  const sorted = Uint32Array.from(uids).sort();
  return [...sorted.filter((uid, at) => at === 0 || uid !== sorted[at - 1])];
}
