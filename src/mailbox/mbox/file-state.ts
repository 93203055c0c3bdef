/** What tells whether anybody has written a file since it was last looked at. */
import { fstatSync } from "node:fs";

/** A file written so shortly (milliseconds) before it was looked at may be written again without its times telling. */
const settled = 100;
/** Where its times are whole seconds, as some file systems have it. */
const settledCoarsely = 2500;

/** Milliseconds; a program that rewrites a mailbox writes more often. */
const justNow = 5000;

export interface FileState {
  readonly dev: number;
  readonly ino: number;
  readonly size: number;
  /** Nanoseconds since 1970. */
  readonly mtime: bigint;
  readonly ctime: bigint;
}

/** Returns the state of an open file, by which later changes are found. */
export function stateOf(descriptor: number): FileState {
  const { dev, ino, size, mtimeNs, ctimeNs } = fstatSync(descriptor, { bigint: true });
  return { dev: Number(dev), ino: Number(ino), size: Number(size), mtime: mtimeNs, ctime: ctimeNs };
}

/**
 * Returns whether a program wrote the file in the last seconds, and so may be in the middle of rewriting it.
 *
 * @param now milliseconds since 1970
 */
export function isJustWritten({ mtime, ctime }: FileState, now: number): boolean {
  return now - Number((mtime > ctime ? mtime : ctime) / 1_000_000n) < justNow;
}

/** Returns whether two states are of the same file. */
export function sameFile(a: FileState, b: FileState): boolean {
  return a.dev === b.dev && a.ino === b.ino;
}

/** Returns whether a file is the same and unchanged. */
export function sameState(a: FileState, b: FileState): boolean {
  return sameFile(a, b) && a.size === b.size && a.mtime === b.mtime && a.ctime === b.ctime;
}

/**
 * Returns whether the file was changed long enough before that a change since would show in its times.
 *
 * @param looked at the file, milliseconds since 1970
 */
export function isSettled({ mtime, ctime }: FileState, looked: number): boolean {
  // The second cannot be set by programs: an edit that puts the first back is seen in it.
  const changed = mtime > ctime ? mtime : ctime;
  const coarse = mtime % 1_000_000_000n === 0n && ctime % 1_000_000_000n === 0n;
  return looked - Number(changed / 1_000_000n) > (coarse ? settledCoarsely : settled);
}
