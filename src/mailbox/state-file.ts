/**
 * Files of the private state directory that count as soon as they have their name, and so are complete when they get it:
 * the journals. A line of JSON says what the bytes behind it are.
 */
import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  unlinkSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { Exit, MailError } from "../errors.ts";
import { notice } from "../notices.ts";
import { isSystemError, strerror } from "../system-error.ts";
import { readRange, syncDirectory } from "./file-ranges.ts";

const longestLine = 64 << 10;

/** @param suffix of the kind of file, with its dot */
export function stateFilePath(directory: string, mailbox: string, suffix: string): string {
  return join(directory, `${createHash("sha256").update(mailbox).digest("hex").slice(0, 32)}${suffix}`);
}

/** Where messages are kept that could be written nowhere else: an mbox of the user's to look into. */
export function keptPath(directory: string): string {
  return join(directory, `kept-${Date.now()}.mbox`);
}

/**
 * Writes a file under another name, syncs and renames it.
 *
 * @param fill is given the file, open for writing and reading, and its name for now; the file stays open
 * @param mailbox for the message
 * @throws MailError with the reason, or what `fill` throws; nothing is left then
 */
export async function writeStateFile<T>(
  path: string,
  mailbox: string,
  fill: (descriptor: number, draft: string) => T | Promise<T>,
): Promise<T> {
  const draft = `${path}.new`;
  const replaces = existsSync(path);
  let descriptor: number | undefined;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    descriptor = openSync(draft, "w+", 0o600);
    const filled = await fill(descriptor, draft);
    fsyncSync(descriptor);
    renameSync(draft, path);
    syncDirectory(dirname(path));
    return filled;
  } catch (error) {
    if (descriptor !== undefined) closeSync(descriptor);
    rmSync(draft, { force: true });
    // Under its own name it counts; but nothing has been done of it yet.
    if (!replaces) rmSync(path, { force: true });
    if (!isSystemError(error)) throw error;
    throw new MailError(`${draft}: ${strerror(error)}; ${mailbox} was not changed`, Exit.IoErr, error);
  }
}

/** @param length bytes of the line with its end; what the JSON leaves of it is blank */
export function firstLine(work: object, length: number): Buffer {
  const line = Buffer.alloc(length, " ");
  line.write(JSON.stringify(work));
  line[length - 1] = 10;
  return line;
}

/**
 * Opens a file that a crash has left. One that is not whole is put aside.
 *
 * @param mailbox for the message
 * @param lengthBehind bytes that are to stand behind the first line
 * @returns with `start`, the offset behind the first line; undefined where there is none, or none that is whole
 */
export function openLeft<Work extends { readonly version: number }>(
  path: string,
  mailbox: string,
  version: Work["version"],
  lengthBehind: (work: Work) => number,
): { readonly work: Work; readonly descriptor: number; readonly start: number } | undefined {
  if (!existsSync(path)) return undefined;
  const descriptor = openSync(path, "r");
  const { size } = fstatSync(descriptor);
  const head = readRange(descriptor, 0, Math.min(size, longestLine));
  const start = head.indexOf(10) + 1;
  const work = readWork<Work>(head.toString("utf8", 0, Math.max(start - 1, 0)), version);
  if (work !== undefined && start + lengthBehind(work) <= size) return { work, descriptor, start };
  closeSync(descriptor);
  putAside(path, mailbox);
  return undefined;
}

function readWork<Work extends { readonly version: number }>(line: string, version: Work["version"]): Work | undefined {
  try {
    const work = JSON.parse(line) as Work;
    return work.version === version ? work : undefined;
  } catch {
    return undefined;
  }
}

export function dropStateFile(path: string): void {
  unlinkSync(path);
  syncDirectory(dirname(path));
}

/** It was whole when it got its name: a disk has failed since, and nobody is to be kept from the mailbox by that. */
export function putAside(path: string, mailbox: string): void {
  renameSync(path, `${path}.damaged`);
  notice(`${mailbox}: the journal of an interrupted quit is damaged; it was put aside as ${path}.damaged`);
}
