/** The commands that change only the state of messages. */

import { UserMistake } from "../../errors.ts";
import { Flag } from "../../mailbox/mailbox.ts";
import { markMessage } from "../changes/mark.ts";
import { stateChanges } from "../changes/state-marks.ts";
import { takesMessages, type Wanted } from "../message-list/message-list.ts";
import { expandThreads } from "../session/collapse.ts";
import { type Command, declareCommand } from "../session/command.ts";
import { isDeleted, makeCurrent, nearestMessage, showAsCurrent } from "../session/cursor.ts";
import { placeOf } from "../session/display-order.ts";
import type { Folder, Session } from "../session/session.ts";
import { showStored } from "./print.ts";

type Change = (folder: Folder, messages: readonly number[], session: Session) => Promise<void> | void;

interface StateOptions {
  readonly inFull?: boolean;
  readonly synonyms?: readonly string[];
  readonly wanted?: Wanted;
}

function stateRow(
  name: string,
  summary: string,
  change: Change,
  { synonyms = [], wanted = {}, inFull = false }: StateOptions = {},
): Command {
  return declareCommand({
    name,
    synonyms,
    task: "file",
    inFull,
    takes: takesMessages(wanted),
    summary,
    example: `${name} 2-4`,
    barred: ["sending"],
    run: async (session, messages) => {
      if (session.folder !== undefined) await change(session.folder, messages, session);
    },
  });
}

/**
 * Marks messages as deleted. The next undeleted message becomes current, or the previous one if there is no next one.
 *
 * @returns whether any undeleted message remains
 */
export function deleteMessages(folder: Folder, messages: readonly number[]): boolean {
  for (const message of messages) {
    showAsCurrent(folder, message);
    markMessage(folder, message, stateChanges.delete.set, stateChanges.delete.clear);
  }
  // Deleted messages are not listed, so their replies must not stay hidden below them.
  expandThreads(folder, messages);
  makeCurrent(folder, messages.at(-1) ?? folder.current);
  const left = nearestMessage(folder, false);
  makeCurrent(folder, left ?? 1);
  return left !== undefined;
}

async function removeAndPrint(folder: Folder, messages: readonly number[], session: Session): Promise<void> {
  const before = folder.current;
  if (!deleteMessages(folder, messages)) session.terminal.out("No more messages\n");
  else if (placeOf(folder, folder.current) > placeOf(folder, before)) await showStored(session, [folder.current]);
  else session.terminal.out("At EOF\n");
}

/** Deletes messages. With `autoprint`, prints the message that became current. */
async function removeQuietly(folder: Folder, messages: readonly number[], session: Session): Promise<void> {
  const left = deleteMessages(folder, messages);
  if (left && session.config.settings.get("autoprint")) await showStored(session, [folder.current]);
}

/** Returns a function that marks messages and makes the last of them current. */
function makeMarker(set: number, clear: number): (folder: Folder, messages: readonly number[]) => void {
  return (folder, messages) => {
    for (const message of messages) {
      markMessage(folder, message, set, clear);
      makeCurrent(folder, message);
    }
  };
}

/** Returns the table row for a command that sets or removes a mark. Other mail clients also show the mark. */
function markRow(name: string, summary: string, { set, clear }: { set: number; clear: number }): Command {
  return stateRow(name, summary, makeMarker(set, clear), { inFull: true });
}

const unread = makeMarker(stateChanges.unread.set, stateChanges.unread.clear);
const holdMark = makeMarker(Flag.Preserved, Flag.ToMbox);

function makeHold(name: string): Change {
  return (folder, messages) => {
    if (!folder.system) throw new UserMistake(`Cannot "${name}" in edit mode`);
    holdMark(folder, messages);
  };
}

export const stateCommands: readonly Command[] = [
  stateRow("delete", "Mark messages as deleted. Quit removes them.", removeQuietly),
  stateRow("dp", "Delete messages and print the next one.", removeAndPrint, { synonyms: ["dt"] }),
  stateRow(
    "undelete",
    "Restore deleted messages.",
    async (folder, messages, session) => {
      for (const message of messages) {
        showAsCurrent(folder, message);
        markMessage(folder, message, 0, Flag.Deleted);
        makeCurrent(folder, message);
      }
      if (session.config.settings.get("autoprint") && !isDeleted(folder, folder.current))
        await showStored(session, [folder.current]);
    },
    { wanted: { deleted: true } },
  ),
  stateRow("hold", "Keep messages in the system mailbox at quit.", makeHold("preserve"), { synonyms: ["preserve"] }),
  stateRow("touch", "Move messages to mbox at quit, even unread ones.", makeMarker(Flag.Touched, Flag.Preserved)),
  stateRow(
    "mbox",
    "Mark messages to be moved to mbox at quit.",
    makeMarker(Flag.Touched | Flag.ToMbox, Flag.Preserved),
    {
      wanted: { quiet: true },
    },
  ),
  stateRow("unread", "Mark messages as unread.", unread, { synonyms: ["Unread"] }),
  stateRow(
    "seen",
    "Mark messages as read.",
    (folder, messages) => {
      for (const message of messages) {
        showAsCurrent(folder, message);
        makeCurrent(folder, message);
      }
    },
    { inFull: true },
  ),
  markRow("flag", "Mark messages as flagged.", stateChanges.flagged),
  markRow("unflag", "Remove the flagged mark from messages.", stateChanges.unflagged),
  markRow("answered", "Mark messages as answered.", stateChanges.answered),
  markRow("unanswered", "Remove the answered mark from messages.", stateChanges.unanswered),
  markRow("draft", "Mark messages as drafts.", stateChanges.draft),
  markRow("undraft", "Remove the draft mark from messages.", stateChanges.notDraft),
  stateRow(
    "new",
    "Mark messages as new: neither read nor listed before.",
    makeMarker(Flag.New | Flag.StatusChanged, Flag.Read | Flag.Touched | Flag.ToMbox),
  ),
];
