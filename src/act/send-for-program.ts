/** Sends or stores a message for a program, and prints the outcome. */
import type { CommandLine } from "../cli/command-line.ts";
import { type Composition, compose } from "../compose/compose.ts";
import { unsentResult } from "../compose/sending/outcome.ts";
import { type ExitCode, MailError, printError } from "../errors.ts";
import { draftMessage } from "../read/send/send.ts";
import type { Session } from "../read/session/session.ts";
import { describePlanned } from "./planned-message.ts";
import { dryRun, printSubmission, type Submitted } from "./submission-result.ts";

/** Sends or stores the message described by the command line. @returns the exit code for the outcome */
export async function sendForProgram(session: Session, given: CommandLine): Promise<ExitCode> {
  const { terminal } = session;
  let submitted: Submitted;
  try {
    submitted = await submitForProgram(session, given);
  } catch (error) {
    if (!(error instanceof MailError)) throw error;
    printError(terminal, error);
    submitted = unsentResult(error.exit, { error });
  }
  printSubmission(terminal, submitted, given.json);
  return submitted.exit;
}

async function submitForProgram(session: Session, given: CommandLine): Promise<Submitted> {
  const { terminal, config } = session;
  const isDryRun = config.settings.get("dryrun");
  const shown: Buffer[] = [];
  // A dry run prints the message, either as part of the JSON object or by itself.
  if (isDryRun) terminal.beginResult?.(given.json ? (piece) => shown.push(Buffer.from(piece)) : undefined);
  const submitted = await submitInForm(session, given);
  if (!isDryRun) return submitted;
  if (submitted.error !== undefined) return submitted;
  const preview = given.json ? { preview: Buffer.concat(shown).toString() } : {};
  const planned = submitted.outcome?.planned;
  const plan = planned === undefined ? {} : { plan: await describePlanned(planned) };
  return { notSent: dryRun, ...plan, ...submitted, ...preview };
}

async function submitInForm(session: Session, given: CommandLine): Promise<Submitted> {
  const { draft: isStored, fromJson, send } = given.outgoing;
  if (send !== undefined) {
    const { sendDraft } = await import("./send-draft.ts");
    return sendDraft(session, given, send);
  }
  const composition = await beginMessage(session, given);
  const { context, draft } = composition;
  if (!isStored) return compose(context, draft, { isComplete: fromJson });
  const { storeDraft } = await import("./store-draft.ts");
  return storeDraft(session, composition, { isComplete: fromJson });
}

async function beginMessage(session: Session, given: CommandLine): Promise<Composition> {
  if (!given.outgoing.fromJson) return draftMessage(session, given);
  const { readJsonDraft } = await import("./json-draft.ts");
  return readJsonDraft(session);
}
