/**
 * Prints the outcome of a message that a program sends or stores, as JSON or text. act/schemas.ts declares the JSON
 * form.
 */
import type { ComposeResult } from "../compose/sending/context.ts";
import { formatJson, makeVisible } from "../message/safe-text.ts";
import { schemaVersion } from "../read/without-session/json-line.ts";
import type { Terminal } from "../terminal/terminal.ts";
import type { Plan } from "./planned-message.ts";

/** The reason that is reported for each message of a dry run. */
export const dryRun = "dry run";

/** A message in the drafts folder. */
export interface StoredDraft {
  /** The message's id; null if the server does not report it. */
  readonly id: string | null;
  /** The folder's absolute path, or its address on a server. */
  readonly folder: string;
}

/** The outcome of a message, with details that are reported only to programs. */
export interface Submitted extends ComposeResult {
  readonly draft?: StoredDraft;
  /** The reason why the message was not sent, if the reason is not an error. */
  readonly notSent?: "stored" | typeof dryRun | "already sent";
  /** With --dry-run: the envelope and the message. */
  readonly preview?: string;
  /** With --dry-run: facts about the message. */
  readonly plan?: Plan;
  readonly warnings?: readonly string[];
}

/** Prints the outcome. Errors have already been printed on standard error. */
export function printSubmission(terminal: Terminal, submitted: Submitted, json: boolean): void {
  terminal.beginResult?.();
  terminal.out(json ? formatSubmission(submitted) : describeSubmission(submitted));
}

function formatSubmission(submitted: Submitted): string {
  const { draft, preview, plan } = submitted;
  const more = { ...(preview === undefined ? {} : { preview }), ...(plan === undefined ? {} : { plan }) };
  const value = { version: schemaVersion, ...toOutcome(submitted), draft: draft ?? null, ...more };
  return `${formatJson(value)}\n`;
}

/** Returns the fields that describe the outcome of a message and of its copies. */
export function toOutcome(submitted: Submitted) {
  const { outcome, messageId, deadLetter, copies = [], warnings = [] } = submitted;
  const failedCopies = copies.flatMap(({ error }) => (error === undefined ? [] : [error.message]));
  const { queued } = outcome ?? {};
  return {
    sent: wasAccepted(submitted),
    reason: explainUnsent(submitted),
    messageId: messageId ?? null,
    queueId: outcome?.queueId ?? null,
    accepted: wasAccepted(submitted) ? (outcome?.accepted ?? []) : [],
    refused: listRefusals(outcome?.refused ?? []),
    queued: queued === undefined ? null : { id: queued.id, recipients: listRefusals(queued.recipients) },
    deadLetter: deadLetter ?? null,
    copies: copies.map(({ to, error }) => ({ to, done: error === undefined, error: error?.message ?? null })),
    warnings: [...failedCopies, ...warnings],
  };
}

function listRefusals(refused: NonNullable<ComposeResult["outcome"]>["refused"]) {
  return refused.map(({ recipient, reply, exit }) => ({ recipient, reply, exit }));
}

function wasAccepted({ outcome, notSent }: Submitted): boolean {
  return notSent === "already sent" || (notSent === undefined && (outcome?.accepted.length ?? 0) > 0);
}

/**
 * Returns the reason why the message was not accepted for at least one recipient; null if all recipients were accepted.
 */
function explainUnsent(submitted: Submitted): string | null {
  const { notSent, isUnknown, error, outcome } = submitted;
  if (notSent !== undefined) return notSent;
  if (isUnknown === true) return "outcome unknown";
  if (error !== undefined) return error.reason;
  if (outcome === undefined) return "not sent";
  if (outcome.refused.length > 0) return "recipient refused";
  return outcome.queued === undefined ? null : "queued";
}

/** Returns the text that is printed without --json; empty unless the message is a draft. */
function describeSubmission(submitted: Submitted): string {
  const { draft, outcome, notSent } = submitted;
  if (draft === undefined) return "";
  const { id, folder } = draft;
  const name = makeVisible(id === null ? folder : id);
  if (notSent === "stored") return `${name}: stored in ${makeVisible(folder)}\n`;
  if (notSent !== undefined) return `${name}: ${notSent}\n`;
  return wasAccepted(submitted) ? `${name}: sent to ${makeVisible((outcome?.accepted ?? []).join(", "))}\n` : "";
}
