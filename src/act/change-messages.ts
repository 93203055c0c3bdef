/** The acts that change a mailbox: delete, move, copy and mark. */
import type { RequestedAct } from "../cli/command-line.ts";
import { Exit } from "../errors.ts";
import { type Fate, Flag } from "../mailbox/mailbox.ts";
import { markMessage } from "../read/changes/mark.ts";
import { stateChanges } from "../read/changes/state-marks.ts";
import { saveMessages } from "../read/commands/save.ts";
import { commitChanges } from "../read/folder/quit.ts";
import { wholeMessages } from "../read/send/write-messages.ts";
import { describeDryRun, type Ended, type Work } from "./work.ts";

type Change = Extract<RequestedAct, { kind: "delete" | "move" | "copy" | "mark" }>;

/** Changes the selected messages: all of them or, if an error is thrown, none. @throws MailError */
export async function changeMessages(work: Work, act: Change): Promise<Ended> {
  const { session, folder, given, selected, to } = work;
  if (given.dryRun) return { results: describeDryRun(work), exit: Exit.Ok };
  const messages = selected.map(({ message }) => message).sort((a, b) => a - b);
  const fate = (kind: Fate) => new Map(messages.map((message) => [message, kind]));
  if (act.kind === "copy") {
    await saveMessages(session, folder.mailbox, { messages, path: to ?? "", keepsState: true }, wholeMessages);
  } else {
    const { set, clear } = act.kind === "mark" ? stateChanges[act.state] : stateChanges.delete;
    // Touched messages are found again if another program rewrites the mailbox.
    const marks = act.kind === "move" ? { set: 0, clear: 0 } : { set, clear };
    for (const message of messages) markMessage(folder, message, marks.set | Flag.Touched, marks.clear & ~Flag.Touched);
    if (act.kind === "move") await commitChanges(session, folder, fate("mbox"), to ?? "");
    else await commitChanges(session, folder, fate(act.kind === "delete" ? "drop" : "keep"));
  }
  return { results: selected.map(({ id }) => ({ id, done: true, reason: null, to })), exit: Exit.Ok };
}
