/** What tells whether anybody has written a file since it was last looked at. */
import { fstatSync } from "node:fs";

export interface FileState {
  readonly dev: number;
  readonly ino: number;
  readonly size: number;
  /** Nanoseconds since 1970. */
  readonly mtime: bigint;
  readonly ctime: bigint;
}

export function stateOf(descriptor: number): FileState {
  const { dev, ino, size, mtimeNs, ctimeNs } = fstatSync(descriptor, { bigint: true });
  return { dev: Number(dev), ino: Number(ino), size: Number(size), mtime: mtimeNs, ctime: ctimeNs };
}

export function sameFile(a: FileState, b: FileState): boolean {
  return a.dev === b.dev && a.ino === b.ino;
}

export function sameState(a: FileState, b: FileState): boolean {
  return sameFile(a, b) && a.size === b.size && a.mtime === b.mtime && a.ctime === b.ctime;
}
