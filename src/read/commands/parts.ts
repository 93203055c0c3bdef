/** The parts and open commands, and the -p option of save, copy, write and pipe. */

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { waitForExit } from "../../compose/typing/child.ts";
import { expandFileName } from "../../config/paths.ts";
import { splitLastWord } from "../../config/words.ts";
import { MailError, UserMistake } from "../../errors.ts";
import { statIfPresent } from "../../file-stats.ts";
import type { StoredMessages } from "../../mailbox/mailbox.ts";
import { openMessage } from "../../mailbox/windows.ts";
import { splitName } from "../../message/part-file-name.ts";
import type { Part } from "../../message/view/part.ts";
import { sizeInWords } from "../../message/view/part-list.ts";
import { selectMessages, takesMessages } from "../message-list/message-list.ts";
import { type Command, declareCommand, type Takes } from "../session/command.ts";
import { makeCurrent } from "../session/cursor.ts";
import type { Folder, Session } from "../session/session.ts";
import { viewerOf } from "../show/mailcap.ts";
import { fileNameOf, type PartsForm, partsOf, savePart } from "../show/part-files.ts";
import { printParts, viewStoredBytes } from "../show/print-decoded.ts";

export interface PartsOfMessages {
  readonly messages: readonly number[];
  /** Part numbers in one of the forms of PartsForm. */
  readonly parts: string;
}

export interface PartsToSave extends PartsOfMessages {
  /** The path after expansion. */
  readonly path: string;
}

/** Parses `[msglist] [directory]`. The last word is the directory, which defaults to the working directory. */
export async function partsToSave(session: Session, { parts, rest }: PartsForm): Promise<PartsToSave | undefined> {
  const { before: list, word: name } = splitLastWord(rest, true);
  const messages = await selectMessages(session, list);
  if (messages === undefined) return undefined;
  return { messages, parts, path: expandFileName(session, name === "" ? "." : name) };
}

/** Saves attachments to a path and prints the name of each file. */
export async function saveParts(session: Session, { messages, parts, path }: PartsToSave): Promise<void> {
  await noteFailure(session, async (folder) => {
    if (parts === "all" || messages.length > 1) checkDirectory(path);
    for (const message of messages) {
      makeCurrent(folder, message);
      await openMessage(folder.mailbox, message, "text", async (stored) => {
        const chosen = await choosePartsOf(session, stored, message, parts);
        if (chosen.length > 1) checkDirectory(path);
        for (const part of chosen) {
          const saved = await savePart(part, path);
          session.terminal.out(`"${saved.path}" [New file] ${sizeInWords(saved.size)}\n`);
        }
      });
    }
  });
}

/** Returns the requested parts or, for "?", the parts that the user chooses, which may be none. */
async function choosePartsOf(
  session: Session,
  stored: StoredMessages,
  message: number,
  parts: string,
): Promise<readonly Part[]> {
  const wanted = await choosePartNumbers(session, stored, message, parts);
  return wanted === undefined ? [] : partsOf(stored, message, wanted);
}

/**
 * Returns the requested part numbers or, for "?", those of the parts that the user chooses; undefined if the user
 * chooses none.
 */
export async function choosePartNumbers(
  { comfort }: Session,
  stored: StoredMessages,
  message: number,
  parts: string,
): Promise<string | undefined> {
  return parts === "?" && comfort !== undefined ? comfort.chooseParts(stored, message) : parts;
}

/** Rejects a path that is not an existing directory. Several parts can be saved only in a directory. */
function checkDirectory(path: string): void {
  const found = statIfPresent(path);
  if (found === undefined) throw new MailError(`${path}: no such directory; nothing was saved; create it with !mkdir`);
  if (!found.isDirectory()) throw new MailError(`${path}: not a directory; nothing was saved`);
}

/** Runs a task on the folder. If the task fails, its error determines the exit code of the session. */
async function noteFailure(
  session: Session,
  task: (folder: NonNullable<Session["folder"]>) => Promise<void>,
): Promise<void> {
  const { folder } = session;
  if (folder === undefined) return;
  try {
    await task(folder);
  } catch (error) {
    if (error instanceof MailError) session.failure = error.exit;
    throw error;
  }
}

async function listParts({ folder, terminal }: Session, messages: readonly number[]): Promise<void> {
  if (folder === undefined) return;
  const { readParts } = await import("../../message/view/part.ts");
  const { partLines } = await import("../../message/view/part-list.ts");
  for await (const { messages: opened, stored } of folder.mailbox.openMessages(messages, "text")) {
    for (const message of opened) {
      makeCurrent(folder, message);
      if (messages.length > 1) terminal.out(`Message ${message}:\n`, "title");
      const { root } = await readParts(viewStoredBytes(stored, message));
      terminal.out(partLines(root));
    }
  }
}

/** A message list whose last word is the number of a part. */
const takesPart: Takes<PartsOfMessages> = {
  synopsis: "[msglist] part",
  parse: async (session, rest) => {
    if (rest.trim() === "?") return { messages: (await selectMessages(session, "")) ?? [], parts: "?" };
    const [, list, part] = /^(.*?)[ \t]*(?<![^ \t])(\d+(?:\.\d+)*)[ \t]*$/s.exec(rest) ?? [];
    if (list === undefined || part === undefined) throw new UserMistake('Which part? "parts" lists them.');
    const messages = await selectMessages(session, list);
    return messages === undefined ? undefined : { messages, parts: part };
  },
};

async function openParts(session: Session, { messages, parts }: PartsOfMessages): Promise<void> {
  await noteFailure(session, async (folder) => {
    for (const message of messages) {
      makeCurrent(folder, message);
      await openMessage(folder.mailbox, message, "text", async (stored) => {
        for (const part of await choosePartsOf(session, stored, message, parts))
          await openInViewer(session, folder, message, part);
      });
    }
  });
}

const directories = new WeakMap<Session, string>();

/**
 * Returns the session's temporary directory, and creates it on the first call. The directory is removed only when the
 * program exits, because a viewer in the background may still be reading a file in it.
 */
function makePartsDirectory(session: Session): string {
  const known = directories.get(session);
  if (known !== undefined) return known;
  const directory = mkdtempSync(join(tmpdir(), "mail-"));
  process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
  directories.set(session, directory);
  return directory;
}

async function openInViewer(session: Session, folder: Folder, message: number, part: Part): Promise<void> {
  const { terminal } = session;
  const { settings } = session.config;
  const template = viewerOf(settings.get("mailcap") ?? "", part.type);
  if (template === undefined && part.type.startsWith("text/")) {
    // The decoded text is passed to the pager. If the pager read the file itself, control characters would reach the
    // terminal.
    await printParts(
      session,
      folder,
      [message],
      { allFields: false, paged: true },
      () => {},
      async () => [part],
    );
    return;
  }
  if (template === undefined)
    throw new MailError(`no program for ${part.type}; to specify one: set mailcap="${part.type}: PROGRAM %s"`);
  const { stem, extension } = splitName(fileNameOf(part));
  const plain = `${stem.replace(/[^A-Za-z0-9._-]+/g, "_")}${extension}`;
  const { path } = await savePart(part, join(mkdtempSync(join(makePartsDirectory(session), "part-")), plain));
  await terminal.flush();
  await terminal.lend(async () => {
    // The path and the type are passed to the shell as arguments and are never part of its script.
    const program = template.replace(/%%|(['"]?)%([st])\1/g, (sign, _quote, what?: string) =>
      what === undefined ? sign.slice(1) : what === "s" ? '"$1"' : '"$2"',
    );
    const child = spawn("/bin/sh", ["-c", program, "sh", path, part.type], { stdio: "inherit" });
    await waitForExit(child, terminal);
  });
}

export const partCommands: readonly Command[] = [
  declareCommand({
    name: "parts",
    task: "read",
    inFull: true,
    takes: takesMessages(),
    summary: "List the parts of messages: number, type, size and name.",
    example: "parts 3",
    barred: ["sending"],
    run: listParts,
  }),
  declareCommand({
    name: "open",
    task: "read",
    inFull: true,
    takes: takesPart,
    summary: "Open a part with the program that is specified in mailcap for its type.",
    example: "open 3 2",
    barred: ["sending"],
    run: openParts,
  }),
];
