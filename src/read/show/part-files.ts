/** Saves parts of messages as files. Parts are selected by number, and existing files are never overwritten. */
import { closeSync, constants, fsyncSync, lstatSync, openSync, statSync, unlinkSync, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { Exit, MailError } from "../../errors.ts";
import type { ByteRange, StoredMessages } from "../../mailbox/mailbox.ts";
import { safeFileName, splitName } from "../../message/part-file-name.ts";
import type { Bytes } from "../../message/view/bytes.ts";
import type { Part } from "../../message/view/part.ts";
import { addPathToError, isSystemError } from "../../system-error.ts";
import { viewStoredBytes } from "./print-decoded.ts";

const mostNames = 1000;

/** `-p N[,N...]` or `-p all` before a command's arguments. */
export interface PartsForm {
  /** "all", numbers separated by commas, or "?" to let the user choose. */
  readonly parts: string;
  readonly rest: string;
}

/** Parses `-p PARTS` at the start of the arguments. Returns undefined if the option is missing. */
export function partsForm(text: string): PartsForm | undefined {
  const [, parts, rest = ""] = /^[ \t]*-p[ \t]*(all|\?|\d[\d.,]*)(?:[ \t]+(.*))?$/s.exec(text) ?? [];
  return parts === undefined ? undefined : { parts, rest };
}

/**
 * Returns the selected parts of a message.
 *
 * @param wanted "all" for all attachments, or numbers as listed by `parts`
 * @throws MailError with the reason "no attachments" if all attachments are wanted and there are none, or with the
 *   reason "no such part" if a part is missing
 */
export async function partsOf(stored: StoredMessages, message: number, wanted: string): Promise<readonly Part[]> {
  const find = () => findParts(viewStoredBytes(stored, message), message, wanted);
  let found: Awaited<ReturnType<typeof find>>;
  try {
    found = await find();
  } catch (error) {
    // The part may be a uuencoded file in a text that was not loaded.
    if ((await stored.loadOmitted?.(message, [everything])) !== true) throw error;
    return (await find()).parts;
  }
  // The offsets of a part in an encoded multipart do not refer to the stored message.
  const ranges = found.parts.map((part) => (part.source === found.source ? part : everything));
  return (await stored.loadOmitted?.(message, ranges)) === true ? (await find()).parts : found.parts;
}

const everything: ByteRange = { start: 0, end: Number.POSITIVE_INFINITY };

async function findParts(
  source: Bytes,
  message: number,
  wanted: string,
): Promise<{ readonly source: Bytes; readonly parts: readonly Part[] }> {
  const { listLeaves, readParts } = await import("../../message/view/part.ts");
  const { root } = await readParts(source);
  const all = listLeaves(root);
  if (wanted === "all") {
    // An attached message is saved together with its own attachments.
    const attached = selectAttachments(root);
    if (attached.length > 0) return { source, parts: attached };
    const text = `message ${message} has no attachments`;
    throw new MailError(text, Exit.Failure, { reason: "no attachments" });
  }
  const parts = wanted
    .split(",")
    .filter((number) => number !== "")
    .map((number) => {
      const part = all.find((each) => each.number === number);
      if (part !== undefined) return part;
      const text = `message ${message} has no part ${number}; "parts" lists its parts`;
      throw new MailError(text, Exit.Failure, { reason: "no such part" });
    });
  return { source, parts };
}

function selectAttachments(part: Part): Part[] {
  if (part.type.startsWith("multipart/") && part.parts.length > 0) return part.parts.flatMap(selectAttachments);
  const isText = /^text\/(?:plain|html)$/.test(part.type) && part.disposition !== "attachment";
  return part.name !== undefined || !isText ? [part] : [];
}

/** Returns a safe file name for a part. */
export function fileNameOf({ name = "", number, type }: Part): string {
  return safeFileName(name, { name: `part-${number}`, type });
}

export interface Saved {
  readonly path: string;
  readonly size: number;
}

/**
 * Saves a part in a directory or as a file. In a directory, the part's name is made safe, and `name (1).ext` is used if
 * that name already exists. Saving never overwrites a file and never follows a symbolic link. The mode is 0600.
 *
 * @throws MailError; no partial file is left
 */
export async function savePart(part: Part, path: string): Promise<Saved> {
  if (isExistingDirectory(path)) return saveInto(part, path, fileNameOf(part), mostNames);
  return saveInto(part, dirname(path), basename(path), 1);
}

/**
 * Returns the path that savePart would choose in a directory, and adds it to the planned paths. Nothing is created.
 *
 * @param planned the paths of the parts that would be saved before this part
 */
export function planPart(part: Part, directory: string, planned: Set<string>): string {
  const name = fileNameOf(part);
  for (let at = 0; ; at++) {
    const path = join(directory, numberName(name, at));
    if (planned.has(path) || lstatSync(path, { throwIfNoEntry: false }) !== undefined) continue;
    planned.add(path);
    return path;
  }
}

function isExistingDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    if (isSystemError(error) && !path.endsWith("/")) return false;
    throw addPathToError(path, error);
  }
}

async function saveInto(part: Part, directory: string, name: string, tries: number): Promise<Saved> {
  const { decodeInPieces } = await import("../../message/view/transfer-decoding.ts");
  // The open descriptor keeps referring to this directory even if another directory takes its name.
  const held = openNew(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const { file, within, path } = createNew(held, directory, name, tries);
    let size = 0;
    try {
      for (const piece of decodeInPieces(part)) size += writePart(file, piece);
      fsyncSync(file);
    } catch (error) {
      unlinkSync(within);
      throw addPathToError(path, error);
    } finally {
      closeSync(file);
    }
    return { path, size };
  } finally {
    closeSync(held);
  }
}

function createNew(held: number, directory: string, name: string, tries: number) {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  for (let at = 0; ; at++) {
    const chosen = numberName(name, at);
    const within = `/proc/self/fd/${held}/${chosen}`;
    const path = join(directory, chosen);
    try {
      return { file: openSync(within, flags, 0o600), within, path };
    } catch (error) {
      if (!isSystemError(error) || error.code !== "EEXIST") throw addPathToError(path, error);
      if (at + 1 >= tries)
        throw new MailError(`${path}: already exists; nothing was overwritten`, Exit.Failure, {
          reason: "EEXIST",
        });
    }
  }
}

/** Returns a name for the next attempt: `name.ext`, then `name (1).ext` and so on. */
function numberName(name: string, at: number): string {
  const { stem, extension } = splitName(name);
  return at === 0 ? name : `${stem} (${at})${extension}`;
}

function openNew(path: string, flags: number): number {
  try {
    return openSync(path, flags);
  } catch (error) {
    throw addPathToError(path, error);
  }
}

function writePart(file: number, bytes: Uint8Array): number {
  for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
  return bytes.length;
}
