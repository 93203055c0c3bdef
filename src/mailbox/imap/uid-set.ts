/** Formats and parses sets of UIDs in IMAP's notation, such as `1:5,7` (RFC 9051, `sequence-set`). */

/** The largest possible UID. UIDs have 32 bits (RFC 9051, `uniqueid`). */
export const largestUid = 0xffff_ffff;

/**
 * Formats UIDs as sets that contain ranges. Each set has at most `limit` characters, because some servers accept no
 * more than 8192 octets per command (RFC 7162, section 4).
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

/** A range of UIDs, including both ends. */
export interface UidRange {
  readonly first: number;
  readonly last: number;
}

/**
 * Parses a set. The ends of a range may be in either order.
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

/** Returns the UIDs in ranges, in ascending order and without duplicates; undefined if there are more than `limit`. */
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

/** Returns UIDs in ascending order and without duplicates. */
export function sortUids(uids: readonly number[]): number[] {
  const sorted = Uint32Array.from(uids).sort();
  return [...sorted.filter((uid, at) => at === 0 || uid !== sorted[at - 1])];
}

/** Returns the key of a message on a server, which stays the same as long as the message is in its folder. */
export function keyOfUid(uidValidity: number, uid: number): string {
  return `${uidValidity}-${uid}`;
}
