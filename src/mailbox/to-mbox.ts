/**
 * Moves messages to the user's mbox: appends them in place, or prepends them in a new file. Even if the move is
 * attempted repeatedly, the messages are added only once.
 */
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  unlinkSync,
} from "node:fs";
import { dirname } from "node:path";
import { MailError } from "../errors.ts";
import { copyPieces, isPartlyWritten, readRange, syncDirectory, writePieces } from "./file-ranges.ts";

/** The messages that a journal adds to the user's mbox. */
export interface MboxWork {
  readonly path: string;
  /** "maildir" means that each message becomes a file; the journal then contains frames (to-maildir.ts). */
  readonly at: "start" | "end" | "maildir";
  /** The old length of mbox; -1 if it was missing. */
  readonly oldSize: number;
  readonly length: number;
}

/** Reports a failed move that could not be undone. In that case, the journal must stay. */
export class HalfDone extends Error {}

/** Removes the added messages if the commit as a whole cannot be completed. */
export type Undo = () => void;

export type Held = "all" | "part" | "none";

/** Returns whether the file already contains all, part or none of the messages from offset `at` on. */
function compareWithFile(descriptor: number, at: number, wanted: Iterable<Uint8Array>, length: number): Held {
  let position = at;
  let isWhole = true;
  const { size } = fstatSync(descriptor);
  for (const bytes of wanted) {
    const piece = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const there = readRange(descriptor, position, Math.min(size, position + piece.length));
    const begun = piece.subarray(0, there.length);
    if (!there.equals(begun)) {
      isWhole = false;
      // A longer file contains another program's bytes.
      if (size > at + length || !isPartlyWritten(there, begun, position)) return "none";
    }
    if (there.length < piece.length) return position + there.length > at ? "part" : "none";
    position += piece.length;
  }
  return isWhole ? "all" : "part";
}

/** Returns whether mbox contains all, part or none of the messages after a crash. @param descriptor mbox, locked */
export function compareWithMbox(work: MboxWork, descriptor: number, pieces: () => Iterable<Uint8Array>): Held {
  const { length } = work;
  if (isPrepended(work)) return compareWithFile(descriptor, 0, pieces(), length) === "all" ? "all" : "none";
  const began = Math.max(0, work.oldSize);
  return fstatSync(descriptor).size < began ? "none" : compareWithFile(descriptor, began, pieces(), length);
}

function isPrepended({ at, oldSize }: MboxWork): boolean {
  return at === "start" && oldSize > 0;
}

/**
 * Adds the journal's messages to mbox.
 *
 * @param descriptor mbox, locked
 * @param replaying whether some or all of the messages may already have been added
 * @throws a system error if mbox is unchanged, otherwise HalfDone
 */
export function addToMbox(
  work: MboxWork,
  descriptor: number,
  pieces: () => Iterable<Uint8Array>,
  replaying: boolean,
): Undo {
  const found = replaying ? compareWithMbox(work, descriptor, pieces) : "none";
  if (found === "all") return () => {};
  if (isPrepended(work)) return prependMessages(work, descriptor, pieces);
  const at = found === "part" ? Math.max(0, work.oldSize) : fstatSync(descriptor).size;
  const undo = () => cutBack(work, descriptor, at);
  try {
    const end = writePieces(descriptor, pieces(), at);
    if (end - at !== work.length) throw new MailError("the mailbox was changed by another program, without a lock");
    fsyncSync(descriptor);
    if (work.oldSize < 0) syncDirectory(dirname(work.path));
  } catch (error) {
    undoAfterFailure(undo, error);
    throw error;
  }
  return undo;
}

function undoAfterFailure(undo: Undo, cause: unknown): void {
  try {
    undo();
  } catch {
    throw new HalfDone("could not be undone", { cause });
  }
}

function cutBack(work: MboxWork, descriptor: number, at: number): void {
  ftruncateSync(descriptor, at);
  if (work.oldSize < 0 && at === 0) unlinkSync(work.path);
  else fsyncSync(descriptor);
}

function prependMessages(work: MboxWork, old: number, pieces: () => Iterable<Uint8Array>): Undo {
  // A symbolic link stays a symbolic link.
  const path = realpathSync(work.path);
  const { size } = fstatSync(old);
  const rest = () => copyPieces(old, 0, size);
  const undo = () => replaceFile(path, old, [rest]);
  try {
    replaceFile(path, old, [pieces, rest]);
  } catch (error) {
    if (fstatSync(old).nlink === 0) undoAfterFailure(undo, error);
    throw error;
  }
  return undo;
}

/** Replaces a file with a new one that has the same mode and owner. The old file stays readable through its descriptor. */
function replaceFile(path: string, old: number, contents: readonly (() => Iterable<Uint8Array>)[]): void {
  const draft = `${path}.mail-new`;
  const { mode, uid, gid } = fstatSync(old);
  rmSync(draft, { force: true });
  const descriptor = openSync(draft, "wx", 0o600);
  try {
    let at = 0;
    for (const content of contents) at = writePieces(descriptor, content(), at);
    fchmodSync(descriptor, mode & 0o7777);
    if (process.getuid?.() === 0) fchownSync(descriptor, uid, gid);
    fsyncSync(descriptor);
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  } finally {
    closeSync(descriptor);
  }
  syncDirectory(dirname(path));
}
