/** Performs the actions delete, move, copy and mark. */
import { accessSync, constants, statSync } from "node:fs";
import { dirname } from "node:path";
import type { RequestedAct } from "../cli/command-line.ts";
import { Exit, MailError } from "../errors.ts";
import { type Fate, Flag } from "../mailbox/mailbox.ts";
import { isServerAddress } from "../message/server-name.ts";
import { markMessage } from "../read/changes/mark.ts";
import { stateChanges } from "../read/changes/state-marks.ts";
import { saveMessages } from "../read/commands/save.ts";
import { commitChanges, refuseReadOnlyMailbox } from "../read/folder/quit.ts";
import { wholeMessages } from "../read/send/write-messages.ts";
import { addPathToError } from "../system-error.ts";
import { dryRun } from "./submission-result.ts";
import type { Ended, Work } from "./work.ts";

type Change = Extract<RequestedAct, { kind: "delete" | "move" | "copy" | "mark" }>;

/** Changes all selected messages, or none if an error is thrown. @throws MailError */
export async function changeMessages(work: Work, act: Change): Promise<Ended> {
  const { session, folder, isDryRun, selected, to } = work;
  if (isDryRun) {
    if (act.kind !== "copy") refuseReadOnlyMailbox(folder);
    if (act.kind === "move" || act.kind === "copy") checkTarget(to ?? "");
    return { results: selected.map(({ id }) => ({ id, done: false, reason: dryRun, to })), exit: Exit.Ok };
  }
  const messages = selected.map(({ message }) => message).sort((a, b) => a - b);
  const fate = (kind: Fate) => new Map(messages.map((message) => [message, kind]));
  let missing: readonly number[] = [];
  if (act.kind === "copy") {
    await saveMessages(session, folder.mailbox, { messages, path: to ?? "", keepsState: true }, wholeMessages);
  } else {
    const { set, clear } = act.kind === "mark" ? stateChanges[act.state] : stateChanges.delete;
    // A message with the Touched flag can be found again if another program rewrites the mailbox.
    const marks = act.kind === "move" ? { set: 0, clear: 0 } : { set, clear };
    for (const message of messages) markMessage(folder, message, marks.set | Flag.Touched, marks.clear & ~Flag.Touched);
    if (act.kind === "move" && isServerAddress(to ?? "")) missing = await moveToServer(work, messages, to ?? "");
    else if (act.kind === "move") await commitChanges(session, folder, fate("mbox"), to ?? "");
    else await commitChanges(session, folder, fate(act.kind === "delete" ? "drop" : "keep"));
  }
  const results = selected.map(({ id, message }) => {
    const done = !missing.includes(message);
    return { id, done, reason: done ? null : "gone", to };
  });
  return { results, exit: missing.length === 0 ? Exit.Ok : Exit.Failure };
}

/** Checks whether a local folder could be created or changed. @throws MailError */
function checkTarget(path: string): void {
  if (isServerAddress(path)) return;
  try {
    const exists = statSync(path, { throwIfNoEntry: false }) !== undefined;
    accessSync(exists ? path : dirname(path), constants.W_OK);
  } catch (error) {
    throw addPathToError(path, error);
  }
}

/**
 * Moves messages to a folder on a server. Messages on the same server are moved directly; others are copied and then
 * deleted.
 */
async function moveToServer(
  { session, folder }: Work,
  messages: readonly number[],
  path: string,
): Promise<readonly number[]> {
  const moved = await folder.mailbox.transfer?.(messages, path, "move");
  if (moved?.notice !== undefined) session.terminal.err(`mail: ${moved.notice}\n`);
  if (moved !== undefined) return moved.missing ?? [];
  await saveMessages(session, folder.mailbox, { messages, path, keepsState: true }, wholeMessages);
  try {
    const { set, clear } = stateChanges.delete;
    for (const message of messages) markMessage(folder, message, set, clear);
    await commitChanges(session, folder, new Map(messages.map((message) => [message, "drop"])));
    return [];
  } catch (error) {
    if (!(error instanceof MailError)) throw error;
    // The action must not be repeated, because the messages have already been copied.
    const text = `${error.message}; the messages were copied to ${path}, but not removed`;
    throw new MailError(text, error.exit, { cause: error });
  }
}
