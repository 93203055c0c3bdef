/** Moves messages to the user's mbox: at its end in place, or in front of it by a new file; once, however often it is tried. */
import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  realpathSync,
  renameSync,
  statSync,
  unlinkSync,
} from "node:fs";
import { dirname } from "node:path";
import { named } from "../../system-error.ts";
import { readPieces, readRange, syncDirectory, writePieces } from "../bytes.ts";
import { lockFile } from "../lock/lock-file.ts";
import { fileFrames } from "../maildir/frames.ts";
import type { MboxWork } from "./journal.ts";

/** Takes back what was added, where the work as a whole cannot be done. */
export type Undo = () => void;

function holds(descriptor: number, at: number, wanted: Iterable<Buffer>): "all" | "part" | "other" {
  let position = at;
  const { size } = fstatSync(descriptor);
  for (const piece of wanted) {
    const there = readRange(descriptor, position, Math.min(size, position + piece.length));
    if (!there.equals(piece.subarray(0, there.length))) return "other";
    if (there.length < piece.length) return "part";
    position += piece.length;
  }
  return "all";
}

/** @throws MailError that names mbox; it is then as it was */
export async function addToMbox(
  work: MboxWork,
  pieces: () => Iterable<Buffer>,
  lockwait: number,
  replaying: boolean,
): Promise<Undo> {
  try {
    if (work.at === "maildir") return await fileFrames(work.path, pieces());
    return work.at === "end"
      ? await append(work, pieces, lockwait, replaying)
      : await prepend(work, pieces, lockwait, replaying);
  } catch (error) {
    throw named(work.path, error);
  }
}

async function append(
  work: MboxWork,
  pieces: () => Iterable<Buffer>,
  lockwait: number,
  replaying: boolean,
): Promise<Undo> {
  const descriptor = openSync(work.path, constants.O_RDWR | constants.O_CREAT, 0o600);
  try {
    const release = await lockFile(work.path, descriptor, lockwait);
    try {
      const { size } = fstatSync(descriptor);
      const began = Math.max(0, work.oldSize);
      let at = size;
      if (replaying && size >= began) {
        const found = holds(descriptor, began, pieces());
        if (found === "all") return () => {};
        if (found === "part") at = began;
      }
      try {
        writePieces(descriptor, pieces(), at);
        fsyncSync(descriptor);
      } catch (error) {
        ftruncateSync(descriptor, at);
        throw error;
      }
      return () => undoAppend(work, at);
    } finally {
      await release();
    }
  } finally {
    closeSync(descriptor);
  }
}

function undoAppend(work: MboxWork, at: number): void {
  if (work.oldSize < 0) {
    unlinkSync(work.path);
    return;
  }
  const descriptor = openSync(work.path, "r+");
  try {
    ftruncateSync(descriptor, at);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

async function prepend(
  work: MboxWork,
  pieces: () => Iterable<Buffer>,
  lockwait: number,
  replaying: boolean,
): Promise<Undo> {
  const exists = existsSync(work.path);
  if (exists && statSync(work.path).isDirectory()) openSync(work.path, "r+");
  const path = exists ? realpathSync(work.path) : work.path;
  if (!exists) return append({ ...work, path, at: "end", oldSize: -1 }, pieces, lockwait, replaying);
  const old = openSync(path, "r+");
  const draft = `${path}.${process.pid}.new`;
  const before = `${path}.${process.pid}.old`;
  try {
    const release = await lockFile(path, old, lockwait);
    try {
      const { size, mode, uid, gid } = fstatSync(old);
      if (replaying && size >= work.length && holds(old, 0, pieces()) === "all") return () => {};
      const descriptor = openSync(draft, "wx", 0o600);
      try {
        const at = writePieces(descriptor, pieces(), 0);
        writePieces(descriptor, readPieces(old, 0, size), at);
        fchmodSync(descriptor, mode & 0o7777);
        if (process.getuid?.() === 0) fchownSync(descriptor, uid, gid);
        fsyncSync(descriptor);
      } catch (error) {
        unlinkSync(draft);
        throw error;
      } finally {
        closeSync(descriptor);
      }
      renameSync(draft, path);
      const undo = () => restore(path, before, work.length);
      try {
        syncDirectory(dirname(path));
      } catch (error) {
        undo();
        throw error;
      }
      return undo;
    } finally {
      await release();
    }
  } finally {
    closeSync(old);
  }
}

/** Takes the added messages off the front again, by a new file. */
function restore(path: string, draft: string, added: number): void {
  const current = openSync(path, "r");
  try {
    const descriptor = openSync(draft, "wx", 0o600);
    try {
      const { size, mode } = fstatSync(current);
      writePieces(descriptor, readPieces(current, added, size), 0);
      fchmodSync(descriptor, mode & 0o7777);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(draft, path);
  } finally {
    closeSync(current);
  }
}
