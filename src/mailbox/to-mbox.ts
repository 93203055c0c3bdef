/** Moves messages to the user's mbox: at its end in place, or in front of it by a new file; once, however often it is tried. */
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
  /** In a Maildir each is a file; what is journalled are frames (to-maildir.ts). */
  readonly at: "start" | "end" | "maildir";
  /** Length of mbox before; -1 when there was none. */
  readonly oldSize: number;
  readonly length: number;
}

/** It failed, and could not be taken back either: the journal has to stay. */
export class HalfDone extends Error {}

/** Takes back what was added, where the work as a whole cannot be done. */
export type Undo = () => void;

export type Held = "all" | "part" | "none";

/** How much of what is to be added stands in the file already, from `at` on. */
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
      // Longer, it has what another program wrote.
      if (size > at + length || !isPartlyWritten(there, begun, position)) return "none";
    }
    if (there.length < piece.length) return position + there.length > at ? "part" : "none";
    position += piece.length;
  }
  return isWhole ? "all" : "part";
}

/** After a crash: what of the messages mbox has. @param descriptor mbox, locked */
export function heldByMbox(work: MboxWork, descriptor: number, pieces: () => Iterable<Uint8Array>): Held {
  const { length } = work;
  if (goesInFront(work)) return compareWithFile(descriptor, 0, pieces(), length) === "all" ? "all" : "none";
  const began = Math.max(0, work.oldSize);
  return fstatSync(descriptor).size < began ? "none" : compareWithFile(descriptor, began, pieces(), length);
}

function goesInFront({ at, oldSize }: MboxWork): boolean {
  return at === "start" && oldSize > 0;
}

/**
 * @param descriptor mbox, locked
 * @param replaying some or all of it may have been done
 * @throws the system's error, and mbox is then as it was; or HalfDone
 */
export function addToMbox(
  work: MboxWork,
  descriptor: number,
  pieces: () => Iterable<Uint8Array>,
  replaying: boolean,
): Undo {
  const found = replaying ? heldByMbox(work, descriptor, pieces) : "none";
  if (found === "all") return () => {};
  if (goesInFront(work)) return prepend(work, descriptor, pieces);
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
    throw new HalfDone("could not be taken back", { cause });
  }
}

function cutBack(work: MboxWork, descriptor: number, at: number): void {
  ftruncateSync(descriptor, at);
  if (work.oldSize < 0 && at === 0) unlinkSync(work.path);
  else fsyncSync(descriptor);
}

function prepend(work: MboxWork, old: number, pieces: () => Iterable<Uint8Array>): Undo {
  // A link stays one.
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

/** A new file in the place of another, with its mode and owner. The old one stays readable through its descriptor. */
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
