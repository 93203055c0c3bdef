/** Sends a draft: resolves the recipients, checks the header, builds the message, writes copies and submits it. */

import { ttyCharset } from "../../config/charset.ts";
import { followsBsdMailx } from "../../config/config.ts";
import { Exit, MailError, UserMistake } from "../../errors.ts";
import { parseAddresses } from "../../message/address.ts";
import type { ProgramOptions } from "../../submit/program.ts";
import type { Departure, Outcome } from "../../submit/transport.ts";
import { type Way, wayName } from "../../submit/way.ts";
import { buildEncodedMessage, buildRawMessage, newStamp } from "../build/build.ts";
import type { Author, Stamp } from "../build/header-fields.ts";
import { formatSender, isAddressField } from "../build/header-fields.ts";
import type { Draft } from "../draft/draft.ts";
import {
  envelopeAddresses,
  findAddressFault,
  qualifyAddress,
  type Recipients,
  resolveRecipients,
} from "../draft/recipients.ts";
import type { Keeping } from "../unsent/keeping.ts";
import type { ComposeContext, ComposeResult } from "./context.ts";
import { keepCopies } from "./copies.ts";
import { reportFailure, reportOutcome, reportRefused, unsentResult } from "./outcome.ts";
import { readConfiguredWay } from "./submission.ts";

/**
 * Submits a draft and reports the outcome.
 *
 * @param interrupt cancels the submission if it can still be cancelled
 */
export async function submitDraft(
  context: ComposeContext,
  draft: Draft,
  keeping: Keeping,
  interrupt: AbortSignal,
): Promise<ComposeResult> {
  const { config, terminal } = context;
  const { identity, settings } = config;
  draft.from = draft.from || settings.text("from") || undefined;
  if (draft.from !== undefined) draft.from = formatSender(draft.from, identity);
  // As in bsd-mailx, start-up files do not set Reply-To for messages composed on the command line.
  draft.replyTo ??= context.wanted === undefined ? settings.text("REPLYTO") : settings.inherited("REPLYTO");
  const people = resolveRecipients(config, draft);
  const refused = followsBsdMailx(config) ? [] : [...people.refused];
  if (followsBsdMailx(config))
    for (const _each of people.refused) terminal.out("Expanding alias to depth larger than 25\n");
  const everyone = [...people.to, ...people.cc, ...people.bcc];
  checkHeaderText(draft, everyone);
  if (draft.body.size === 0) {
    const subject = draft.subject === undefined || draft.subject === "";
    terminal.out(subject ? "No message, no subject; hope that's ok\n" : "Null message body; hope that's ok\n");
  }
  if (everyone.length + refused.length === 0) throw new UserMistake("No recipients specified");
  const envelopeSender = draft.from === undefined ? undefined : parseAddresses(draft.from)[0]?.address;
  const stamp = newStamp(identity.mailName);
  const author: Author = { identity, charset: ttyCharset(config) };
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
  const way = readConfiguredWay(config);
  if (settings.get("debug")) {
    terminal.out(
      await describePlan(way, { envelopeSender, metoo: config.settings.get("metoo"), verbose: context.verbose }),
    );
    reportRefused(terminal, refused);
    return unsentResult(refused[0]?.exit ?? Exit.Ok);
  }
  const toFiles = everyone.every((item) => people.sinks.includes(item));
  try {
    if (!settings.get("dryrun")) {
      for (const each of await keepCopies(context, draft, people, { stamp, author, interrupt }))
        refused.push(followsBsdMailx(config) ? { ...each, exit: Exit.Failure } : each);
    }
    const outcome: Outcome = toFiles
      ? { accepted: people.sinks.filter((sink) => !refused.some(({ recipient }) => recipient === sink)), refused: [] }
      : await context.submission.send(
          await buildDeparture(context, draft, people, { way, stamp, envelopeSender, author, interrupt }),
          interrupt,
        );
    return await reportOutcome(terminal, { ...outcome, refused: [...refused, ...outcome.refused] }, keeping);
  } catch (error) {
    if (!(error instanceof MailError)) throw error;
    return reportFailure(context, error, keeping);
  }
}

interface Ready {
  readonly way: Way;
  readonly stamp: Stamp;
  readonly author: Author;
  readonly envelopeSender: string | undefined;
  readonly interrupt: AbortSignal;
}

/**
 * Returns the message in the form that the transport requires, with its envelope.
 *
 * @throws MailError, or the interrupt's reason
 */
async function buildDeparture(
  { config, verbose }: ComposeContext,
  draft: Draft,
  people: Recipients,
  { way, stamp, author, envelopeSender, interrupt }: Ready,
): Promise<Departure> {
  const { identity } = config;
  interrupt.throwIfAborted();
  const asPeople = (items: readonly string[]) => items.filter((item) => !people.sinks.includes(item));
  const addressed = { to: asPeople(people.to), cc: asPeople(people.cc), bcc: asPeople(people.bcc) };
  const items = [...addressed.to, ...addressed.cc, ...addressed.bcc];
  const from = qualifyAddress(envelopeSender ?? identity.login, identity.mailName);
  const departure = { way, envelopeSender, verbose };
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

function checkAddresses(item: string, mailName: string): string[] {
  const addresses = envelopeAddresses(item, mailName);
  if (addresses.length === 0) throw new MailError(`"${item}": not an address; nothing was sent`, Exit.DataErr);
  for (const address of addresses) {
    const reason = findAddressFault(address);
    if (reason !== undefined) throw new MailError(`"${item}": ${reason}; nothing was sent`, Exit.DataErr);
  }
  return addresses;
}

/** Rejects line breaks in addresses, which could insert header fields. */
function checkHeaderText(draft: Draft, everyone: readonly string[]): void {
  for (const item of everyone) {
    if (/[\r\n\0]/.test(item)) {
      throw new MailError(`recipient ${JSON.stringify(item)} contains a line break; nothing was sent`, Exit.DataErr);
    }
    if (item.trim() === "") throw new MailError("a recipient is empty; nothing was sent", Exit.DataErr);
  }
  const lists = draft.fields.filter(({ name }) => isAddressField(name));
  for (const { name, value } of [...lists, { name: "Reply-To", value: draft.replyTo ?? "" }]) {
    if (/[\r\n\0]/.test(value)) {
      throw new MailError(`${name} ${JSON.stringify(value)} contains a line break; nothing was sent`, Exit.DataErr);
    }
  }
  if (draft.from === undefined) return;
  const address = parseAddresses(draft.from)[0]?.address ?? "";
  if (
    /[\r\n\0]/.test(draft.from) ||
    address.startsWith("-") ||
    findAddressFault(qualifyAddress(address, "localhost")) !== undefined
  ) {
    throw new MailError(`sender ${JSON.stringify(draft.from)}: not an address; nothing was sent`, Exit.DataErr);
  }
}

async function describePlan(way: Way, options: ProgramOptions): Promise<string> {
  switch (way.kind) {
    case "smtp":
      return `Would be submitted to ${wayName(way)}\n`;
    case "local":
      return "Would be delivered on this machine\n";
    case "program": {
      const { programArguments } = await import("../../submit/program.ts");
      return `Sendmail arguments: ${["sendmail", ...programArguments(options)].map((each) => `"${each}"`).join(" ")}\n`;
    }
  }
}
