/** Sends a draft at most once (--send), and removes it from its folder. */
import type { CommandLine } from "../cli/command-line.ts";
import { Body } from "../compose/draft/body.ts";
import { type StoredMessage, sendStored } from "../compose/send-stored.ts";
import type { ComposeResult } from "../compose/sending/context.ts";
import { writeRecord } from "../compose/sending/copies.ts";
import { unsentResult } from "../compose/sending/outcome.ts";
import { Exit, MailError, printError } from "../errors.ts";
import { Flag } from "../mailbox/mailbox.ts";
import { keyOfMessage } from "../mailbox/message-key.ts";
import { openMessage } from "../mailbox/windows.ts";
import { markMessage } from "../read/changes/mark.ts";
import { stateChanges } from "../read/changes/state-marks.ts";
import { withoutFromLine } from "../read/commands/forward.ts";
import { commitChanges } from "../read/folder/quit.ts";
import { composeContext } from "../read/send/compose-context.ts";
import type { Folder, Session } from "../read/session/session.ts";
import { formatShownPieces } from "../read/show/print-message.ts";
import { nameDraftsFolder } from "./drafts-folder.ts";
import { openForAct } from "./open-for-act.ts";
import { locateSelected, makeGoneError } from "./select.ts";
import { type DraftState, SendRecord } from "./send-attempts.ts";
import type { Submitted } from "./submission-result.ts";

/** Sends the draft that has this id. @throws MailError if an error occurs before anything has been sent */
export async function sendDraft(session: Session, given: CommandLine, typed: string): Promise<Submitted> {
  const id = typed.replace(/^id:/, "");
  const folder = await openForAct(session, given, given.file ? undefined : nameDraftsFolder(session));
  session.folder = folder;
  try {
    const [found] = await locateSelected(folder, { ids: [id], isById: true });
    if (folder === undefined || found?.message === undefined) throw makeGoneError([id]);
    return await sendFound(session, given, { folder, id, message: found.message });
  } finally {
    await folder?.mailbox.close();
  }
}

interface FoundDraft {
  readonly folder: Folder;
  readonly id: string;
  readonly message: number;
}

async function sendFound(session: Session, given: CommandLine, found: FoundDraft): Promise<Submitted> {
  const { key, stored } = await readDraft(found);
  const draft = { id: found.id, folder: found.folder.mailbox.path };
  const record = await SendRecord.open(session.config, key);
  try {
    if (record.state === "sent" && !given.outgoing.again) {
      const isDryRun = session.config.settings.get("dryrun");
      const warnings = isDryRun ? [] : await removeSentDraft(session, found);
      const outcome = { accepted: record.accepted, refused: [] };
      return { exit: Exit.Ok, sent: true, outcome, draft, notSent: "already sent", warnings };
    }
    if (record.state === "unknown" && !given.outgoing.again) return { ...refuseUnknown(session, found.id), draft };
    const context = composeContext(session, { subject: false });
    const reached = new Set(record.state === "partly sent" ? record.accepted : []);
    let hasBegun = false;
    const begin = async () => {
      record.begin();
      hasBegun = true;
    };
    const result = await sendStored(context, stored, { reached, begin });
    if (!hasBegun) return { ...result, draft };
    const state = stateAfter(result);
    record.end(state, result.outcome?.accepted ?? [...reached]);
    if (state === "unknown") return { ...result, exit: Exit.TempFail, draft };
    if (state !== "sent") return { ...result, draft };
    const copies = await writeRecord(context, stored);
    return { ...result, copies, draft, warnings: await removeSentDraft(session, found) };
  } finally {
    await record.close();
    stored.body.close();
  }
}

function stateAfter({ isUnknown, outcome }: ComposeResult): DraftState {
  if (isUnknown === true) return "unknown";
  if (outcome === undefined) return "not sent";
  if (outcome.refused.length === 0) return "sent";
  return outcome.accepted.length > 0 || outcome.queued !== undefined ? "partly sent" : "not sent";
}

function refuseUnknown({ terminal }: Session, id: string): Submitted {
  const error = new MailError(
    `${id}: an earlier attempt was interrupted, and the message may have been sent; nothing was sent now`,
    Exit.TempFail,
    { reason: "outcome unknown", remedy: "ask a recipient, or send the draft once more with --again" },
  );
  printError(terminal, error);
  return { ...unsentResult(error.exit, { error, isUnknown: true }) };
}

async function readDraft({ folder, message }: FoundDraft): Promise<{ key: string; stored: StoredMessage }> {
  return openMessage(folder.mailbox, message, "whole", (opened) => {
    const read = (start: number, end: number) => opened.read(message, start, end);
    const key = keyOfMessage({ size: opened.size(message), read });
    const body = new Body();
    let header = Buffer.alloc(0);
    let end = "";
    for (const piece of withoutFromLine(formatShownPieces(opened, message))) {
      if (header.length === 0) header = Buffer.from(piece);
      else body.append(piece);
      end = (end + Buffer.from(piece).toString("latin1", Math.max(0, piece.length - 2))).slice(-2);
    }
    // The empty line that ends a stored message is not part of its text.
    if (body.size > 0 && end === "\n\n") body.cut(body.size - 1);
    return { key, stored: { header, body } };
  });
}

/** Removes a draft that has been sent. @returns a warning if the draft could not be removed */
async function removeSentDraft(session: Session, { folder, message }: FoundDraft): Promise<string[]> {
  const { set, clear } = stateChanges.delete;
  markMessage(folder, message, set | Flag.Touched, clear & ~Flag.Touched);
  try {
    await commitChanges(session, folder, new Map([[message, "drop"]]));
    return [];
  } catch (error) {
    if (!(error instanceof MailError)) throw error;
    const warning = `the message was sent, but the draft was not removed: ${error.message}`;
    session.terminal.err(`mail: ${warning}\n`);
    return [warning];
  }
}
