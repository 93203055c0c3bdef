/** Detects whether a program has written to a file since the file was last checked. */
import { fstatSync } from "node:fs";

/**
 * Time in milliseconds. If the last write to a file precedes the check by less than this time, a later write may leave
 * the timestamps unchanged.
 */
const settled = 100;
/**
 * The same limit for changes that this machine makes. The kernel's timestamps have a resolution of at most ten
 * milliseconds.
 */
const settledInKernel = 20;
/** The same limit for file systems whose timestamps are in seconds. */
const settledCoarsely = 2500;

/** The maximum time in milliseconds between two writes of a program that is rewriting a mailbox. */
const justNow = 5000;

export interface FileState {
  readonly dev: number;
  readonly ino: number;
  readonly size: number;
  /** Nanoseconds since 1970. */
  readonly mtime: bigint;
  readonly ctime: bigint;
}

/** Returns the state of an open file. A later state differs if the file has been changed. */
export function stateOf(descriptor: number): FileState {
  const { dev, ino, size, mtimeNs, ctimeNs } = fstatSync(descriptor, { bigint: true });
  return { dev: Number(dev), ino: Number(ino), size: Number(size), mtime: mtimeNs, ctime: ctimeNs };
}

/**
 * Returns whether a program wrote to the file in the last few seconds, and so may be in the middle of rewriting it.
 *
 * @param now milliseconds since 1970
 */
export function isJustWritten({ mtime, ctime }: FileState, now: number): boolean {
  return now - Number((mtime > ctime ? mtime : ctime) / 1_000_000n) < justNow;
}

/** Returns whether two states belong to the same file. */
export function sameFile(a: FileState, b: FileState): boolean {
  return a.dev === b.dev && a.ino === b.ino;
}

/** Returns whether two states belong to the same file and show no change. */
export function sameState(a: FileState, b: FileState): boolean {
  return sameFile(a, b) && a.size === b.size && a.mtime === b.mtime && a.ctime === b.ctime;
}

/**
 * Returns whether the file's last change is old enough that any later change would have a different timestamp.
 *
 * @param looked the time at which the file was checked, in milliseconds since 1970
 * @param limit the minimum age in milliseconds, unless the file system's timestamps are in seconds
 */
export function isSettled({ mtime, ctime }: FileState, looked: number, limit = settled): boolean {
  // Programs cannot set ctime, so it reveals an edit that restores mtime.
  const changed = mtime > ctime ? mtime : ctime;
  const coarse = mtime % 1_000_000_000n === 0n && ctime % 1_000_000_000n === 0n;
  return looked - Number(changed / 1_000_000n) > (coarse ? settledCoarsely : limit);
}

/** Returns whether the file's timestamp is certain to change with every later write by this machine. */
export function isSettledInKernel(state: FileState, looked: number): boolean {
  return isSettled(state, looked, settledInKernel);
}
