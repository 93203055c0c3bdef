/** The edit and visual commands, which replace a message with its edited version. */

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { editorOf, runEditorOn } from "../../compose/typing/child.ts";
import { Flag } from "../../mailbox/mailbox.ts";
import { openMessage } from "../../mailbox/windows.ts";
import { startsWithFrom } from "../../message/header.ts";
import { addPathToError } from "../../system-error.ts";
import { markMessage, replaceMessage } from "../changes/mark.ts";
import { forgetLine } from "../header-list/header-window.ts";
import { takesMessages } from "../message-list/message-list.ts";
import { type Command, declareCommand } from "../session/command.ts";
import { makeCurrent, showAsCurrent } from "../session/cursor.ts";
import type { Folder, Session } from "../session/session.ts";

async function editMessages(session: Session, messages: readonly number[], program: string): Promise<void> {
  const { folder, terminal } = session;
  if (folder === undefined) return;
  for (const [index, message] of messages.entries()) {
    if (index > 0) {
      const question = `Edit message ${message} [ynq]? `;
      // As in bsd-mailx, the question is printed even if the session is not interactive.
      if (!terminal.interactive) terminal.out(question);
      const answer = await terminal.readLine(question);
      const letter = answer.kind === "line" ? answer.text.trim()[0]?.toLowerCase() : "q";
      if (letter === "q") return;
      if (letter === "n") continue;
    }
    showAsCurrent(folder, message);
    makeCurrent(folder, message);
    await editOne(session, folder, message, program);
  }
}

/**
 * Runs an editor on a message and replaces the message if its bytes have changed. Comparing timestamps could miss a
 * quick edit.
 */
async function editOne(session: Session, folder: Folder, message: number, program: string): Promise<void> {
  const { mailbox } = folder;
  const old = await openMessage(mailbox, message, "whole", (stored) => stored.read(message, 0, stored.size(message)));
  const directory = await mkdtemp(join(tmpdir(), "mail."));
  try {
    const path = join(directory, "message");
    await writeFile(path, old, { mode: 0o600, flag: "wx" });
    const code = await runEditorOn(session.terminal, program, path);
    if (code !== 0) return;
    const edited = await readFile(path);
    if (edited.equals(old)) return;
    replaceMessage(folder, message, restoreFrame(edited, old));
    forgetLine(folder, message);
    markMessage(folder, message, Flag.StatusChanged);
  } catch (error) {
    throw addPathToError(program, error);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Restores the From_ line and the empty line at the end if the edited message lacks them. */
function restoreFrame(edited: Buffer, old: Buffer): Buffer {
  const first = startsWithFrom(edited) ? [] : [old.subarray(0, old.indexOf(10) + 1)];
  const end = edited.toString("latin1", Math.max(edited.length - 4, 0));
  const missing = /\n\r?\n$/.test(end) ? "" : end.endsWith("\n") ? "\n" : "\n\n";
  return Buffer.concat([...first, edited, Buffer.from(missing)]);
}

export const editCommands: readonly Command[] = [
  declareCommand({
    name: "edit",
    task: "change",
    takes: takesMessages(),
    summary: "Edit messages with the program named by EDITOR.",
    example: "e 2",
    barred: ["sending", "sourcing"],
    run: (session, messages) => editMessages(session, messages, editorOf(session.config, "EDITOR")),
  }),
  declareCommand({
    name: "visual",
    task: "change",
    takes: takesMessages(),
    summary: "Edit messages with the program named by VISUAL.",
    example: "v 2",
    barred: ["sending", "sourcing"],
    run: (session, messages) => editMessages(session, messages, editorOf(session.config, "VISUAL")),
  }),
];
