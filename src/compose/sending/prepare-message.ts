/** Sends a draft: resolves the recipients, checks the header, builds the message, writes copies and submits it. */

import type { Config } from "../../config/config.ts";
import { followsBsdMailx, ttyCharset } from "../../config/settings.ts";
import { Exit, joinAlternatives, MailError, UserMistake } from "../../errors.ts";
import { parseAddresses } from "../../message/address.ts";
import { fileNamedAfter } from "../../message/file-named-after.ts";
import type { ProgramOptions } from "../../submit/program.ts";
import type { Departure, Envelope, Outcome, Refusal } from "../../submit/transport.ts";
import { readConfiguredWay, refuseUnsupported, type Way, wayName } from "../../submit/transport-settings.ts";
import {
  type Author,
  buildEncodedMessage,
  formatSender,
  isAddressField,
  newStamp,
  type Stamp,
} from "../build/encoded-message.ts";
import { buildRawMessage } from "../build/raw-message.ts";
import { type Draft, hasField, settleBodyForm } from "../draft/draft.ts";
import {
  envelopeAddresses,
  findAddressFault,
  qualifyAddress,
  type Recipients,
  resolveRecipients,
  splitTypedItems,
} from "../draft/recipients.ts";
import type { ComposeContext, ComposeResult } from "./context.ts";
import type { WrittenCopies } from "./copies.ts";
import { reportRefused, unsentResult } from "./outcome.ts";

/** A draft whose header has been checked and whose recipients have been resolved. */
export interface PreparedDraft {
  readonly people: Recipients;
  /** The recipients that are refused before the message is sent. */
  readonly refused: readonly Refusal[];
  readonly way: Way;
  readonly stamp: Stamp;
  readonly author: Author;
  readonly envelopeSender: string | undefined;
}

/**
 * Checks a draft and resolves its recipients.
 *
 * @throws MailError if the draft cannot be sent as it is
 */
export function prepareDraft(context: ComposeContext, draft: Draft): PreparedDraft {
  const { config, terminal } = context;
  const { identity, settings } = config;
  draft.from = draft.from || settings.text("from") || undefined;
  if (draft.from !== undefined) draft.from = formatSender(draft.from, identity);
  // As in bsd-mailx, start-up files do not set Reply-To for messages composed on the command line.
  draft.replyTo ??=
    settings.text("reply-to") ||
    (context.wanted === undefined ? settings.text("REPLYTO") : settings.inherited("REPLYTO"));
  const sender = settings.text("sender");
  if (sender && !hasField(draft, "sender")) draft.fields.push({ name: "Sender", value: sender });
  const people = resolveRecipients(config, withAutomaticCopies(draft, settings));
  const refused = followsBsdMailx(config) ? [] : [...people.refused];
  if (followsBsdMailx(config))
    for (const _each of people.refused) terminal.out("Expanding alias to depth larger than 25\n");
  const everyone = [...people.to, ...people.cc, ...people.bcc];
  checkHeaderText(draft, everyone);
  const charset = ttyCharset(config);
  settleBodyForm(draft, charset);
  if (draft.body.size === 0) {
    const subject = draft.subject === undefined || draft.subject === "";
    terminal.out(subject ? "No message, no subject; hope that's ok\n" : "Null message body; hope that's ok\n");
  }
  if (everyone.length + refused.length === 0)
    throw new UserMistake("No recipients specified", { reason: "no recipients" });
  const stamp = newStamp(identity.mailName);
  const author: Author = { identity, charset, encoding: undefined };
  // The header also names refused recipients.
  const named = { ...people, to: [...people.to, ...refused.map(({ recipient }) => recipient)] };
  draft.whole = async () => {
    try {
      return await buildRawMessage(draft, named, stamp, author, { exact: true });
    } catch (error) {
      if (!(error instanceof MailError)) throw error;
      terminal.err(`mail: ${error.message}; the attachments were not kept\n`);
      return await buildRawMessage({ ...draft, attachments: [] }, named, stamp, author, { exact: true });
    }
  };
  refuseUnsupported(config);
  const { way, selectedBy } = readConfiguredWay(config);
  // bsd-mailx's replies contain only In-Reply-To.
  if (way.kind === "program" && selectedBy === "sendmail") draft.references = undefined;
  const envelopeSender = hostOfSender(config, way) ?? addressOf(draft.from);
  return { people, refused, way, stamp, author: { ...author, encoding: readEncoding(settings) }, envelopeSender };
}

function addressOf(from: string | undefined): string | undefined {
  return from === undefined ? undefined : parseAddresses(from)[0]?.address;
}

/**
 * Returns the envelope sender if `smtp-hostname` is set: the login's user name, at the host specified by the variable.
 */
function hostOfSender({ settings, identity }: Config, way: Way): string | undefined {
  const host = settings.text("smtp-hostname");
  const user = way.kind === "smtp" ? (way.user ?? settings.text("user")) : undefined;
  if (host === undefined || user === undefined) return undefined;
  return `${user.replace(/@.*/, "")}@${host || identity.mailName}`;
}

/** Returns the recipients of a draft, including the recipients in the variables autocc and autobcc. */
function withAutomaticCopies({ to, cc, bcc }: Draft, settings: Config["settings"]) {
  const listed = (name: "autocc" | "autobcc") => splitTypedItems(settings.text(name) ?? "");
  return { to, cc: [...cc, ...listed("autocc")], bcc: [...bcc, ...listed("autobcc")] };
}

/**
 * Prints how a message would be sent, for the `debug` variable.
 *
 * @param to the recipients, if a sendmail program receives them as arguments
 */
export async function reportPlan(
  { config, terminal, verbose }: ComposeContext,
  { way, envelopeSender, refused }: PreparedDraft,
  to?: readonly string[],
): Promise<ComposeResult> {
  const options = { envelopeSender, metoo: config.settings.get("metoo"), verbose };
  terminal.out(await describePlan(way, to === undefined ? options : { ...options, recipients: "arguments" }, to));
  await reportRefused(terminal, refused);
  return unsentResult(refused[0]?.exit ?? Exit.Ok);
}

/**
 * Writes the copies for the `record` file, and for files and commands among the recipients.
 *
 * @returns the copies; `refused` contains the files and commands to which the message could not be written
 */
export async function writeCopies(
  context: ComposeContext,
  draft: Draft,
  { people, stamp, author }: PreparedDraft,
  interrupt: AbortSignal,
): Promise<WrittenCopies> {
  const { config } = context;
  const record = draft.record ?? fileOfRecipient(config, draft) ?? config.settings.text("record");
  if (config.settings.get("dryrun") || (!record && people.sinks.length === 0)) return { refused: [], copies: [] };
  const { keepCopies } = await import("./copies.ts");
  const { refused, copies } = await keepCopies(context, draft, people, { record, stamp, author, interrupt });
  const exits = followsBsdMailx(config) ? refused.map((each) => ({ ...each, exit: Exit.Failure })) : refused;
  return { refused: exits, copies };
}

/**
 * Returns the name of the file that receives a copy if `byname` is set: the name of the first recipient (POSIX mailx,
 * -F).
 */
function fileOfRecipient({ settings }: Config, { to }: Draft): string | undefined {
  if (!settings.get("byname")) return undefined;
  return fileNamedAfter(to.flatMap((item) => parseAddresses(item).map(({ address }) => address)));
}

/** Returns the outcome of a message whose recipients are all files and commands. */
export function summarizeCopies({ sinks }: Recipients, refused: readonly Refusal[]): Outcome {
  return { accepted: sinks.filter((sink) => !refused.some(({ recipient }) => recipient === sink)), refused: [] };
}

/**
 * Returns the message in the form that the transport requires, with its envelope. Returns undefined if all recipients
 * are files or commands.
 *
 * @throws MailError, or the reason for the interrupt
 */
export async function buildDeparture(
  { config, verbose }: ComposeContext,
  draft: Draft,
  { people, way, stamp, author, envelopeSender }: PreparedDraft,
  interrupt: AbortSignal,
): Promise<Departure | undefined> {
  const { identity } = config;
  if ([...people.to, ...people.cc, ...people.bcc].every((item) => people.sinks.includes(item))) return undefined;
  interrupt.throwIfAborted();
  const asPeople = (items: readonly string[]) => items.filter((item) => !people.sinks.includes(item));
  const addressed = { to: asPeople(people.to), cc: asPeople(people.cc), bcc: asPeople(people.bcc) };
  const items = [...addressed.to, ...addressed.cc, ...addressed.bcc];
  const from = qualifySender(identity, envelopeSender);
  const departure = { way, envelopeSender, verbose, generatedId: stamp.messageId };
  if (way.kind === "program") {
    const { Readable } = await import("node:stream");
    const typed = await buildRawMessage(draft, people, stamp, author, { exact: false });
    const message = { size: typed.size, open: () => Readable.from(typed.pieces(), { objectMode: false }) };
    return { ...departure, envelope: { from, to: items }, message };
  }
  const to = [...new Set(items.flatMap((item) => checkAddresses(item, identity.mailName)))];
  const message = await buildEncodedMessage(draft, addressed, stamp, author, { bcc: false });
  return { ...departure, envelope: { from, to }, message };
}

/** Returns the envelope of a message that is not built from a draft, such as a resent message. @throws MailError */
export function listEnvelope({ identity }: Config, { people, way, envelopeSender }: PreparedDraft): Envelope {
  const items = [...people.to, ...people.cc, ...people.bcc];
  const from = qualifySender(identity, envelopeSender);
  if (way.kind === "program")
    return { from, to: items.flatMap((item) => parseAddresses(item).map(({ address }) => address)) };
  return { from, to: [...new Set(items.flatMap((item) => checkAddresses(item, identity.mailName)))] };
}

/** Returns the complete address of the envelope's sender. @param sender by default the user */
export function qualifySender({ login, mailName }: Config["identity"], sender = login): string {
  return qualifyAddress(sender, mailName);
}

function checkAddresses(item: string, mailName: string): string[] {
  const addresses = envelopeAddresses(item, mailName);
  if (addresses.length === 0) throw makeAddressError(`"${item}": not an address; nothing was sent`);
  for (const address of addresses) {
    const reason = findAddressFault(address);
    if (reason !== undefined) throw makeAddressError(`"${item}": ${reason}; nothing was sent`);
  }
  return addresses;
}

function makeAddressError(text: string): MailError {
  return new MailError(text, Exit.DataErr, { reason: "invalid address" });
}

/** @throws MailError if the value is invalid */
function readEncoding(settings: Config["settings"]): Author["encoding"] {
  const value = settings.text("encoding")?.toLowerCase();
  if (value === undefined || value === "" || value === "8bit" || value === "7bit") return undefined;
  if (value === "quoted-printable" || value === "base64") return value;
  throw new MailError(
    `encoding: "${value}" is invalid; nothing was sent; use ${joinAlternatives(["8bit", "quoted-printable", "base64"])}`,
    Exit.Config,
  );
}

/** Rejects line breaks in addresses, which could insert header fields. */
function checkHeaderText(draft: Draft, everyone: readonly string[]): void {
  for (const item of everyone) {
    if (/[\r\n\0]/.test(item)) {
      throw makeAddressError(`recipient ${JSON.stringify(item)} contains a line break; nothing was sent`);
    }
    if (item.trim() === "") throw makeAddressError("a recipient is empty; nothing was sent");
  }
  const lists = draft.fields.filter(({ name }) => isAddressField(name));
  for (const { name, value } of [...lists, { name: "Reply-To", value: draft.replyTo ?? "" }]) {
    if (/[\r\n\0]/.test(value)) {
      throw makeAddressError(`${name} ${JSON.stringify(value)} contains a line break; nothing was sent`);
    }
  }
  if (draft.from === undefined) return;
  const address = parseAddresses(draft.from)[0]?.address ?? "";
  if (
    /[\r\n\0]/.test(draft.from) ||
    address.startsWith("-") ||
    findAddressFault(qualifyAddress(address, "localhost")) !== undefined
  ) {
    throw makeAddressError(`sender ${JSON.stringify(draft.from)}: not an address; nothing was sent`);
  }
}

async function describePlan(way: Way, options: ProgramOptions, to: readonly string[] = []): Promise<string> {
  switch (way.kind) {
    case "smtp":
      return `Would be submitted to ${wayName(way)}\n`;
    case "local":
      return "Would be delivered on this machine\n";
    case "program": {
      const { programArguments } = await import("../../submit/program.ts");
      return `Sendmail arguments: ${["sendmail", ...programArguments(way.words, options, to)].map((each) => `"${each}"`).join(" ")}\n`;
    }
  }
}
