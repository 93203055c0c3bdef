/**
 * Submits a message as sendmail(8) does: determines the envelope and the header from the input and the arguments, passes
 * the message to a transport or to the queue, and determines the exit code.
 */
import { newStamp } from "../compose/build/encoded-message.ts";
import { findAddressFault, qualifyAddress } from "../compose/draft/recipients.ts";
import type { QueuePlaces } from "../compose/sending/queue-place.ts";
import { Submission } from "../compose/sending/submission.ts";
import type { Config } from "../config/config.ts";
import type { Identity } from "../config/identity.ts";
import { Exit, type ExitCode, MailError } from "../errors.ts";
import { parseAddresses } from "../message/address.ts";
import type { Envelope, Outgoing, Refusal } from "../submit/transport.ts";
import { readConfiguredWay, refuseUnsupported } from "../submit/transport-settings.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { aliasFilePath, expandAliases, readAliasFile } from "./alias-file.ts";
import { type IncomingMessage, readMessage } from "./incoming-message.ts";
import { completeHeader, recipientsInHeader } from "./outgoing-header.ts";
import { markEnvironment, refuseOwnProgram } from "./own-program.ts";
import type { SendmailOptions } from "./sendmail-options.ts";

/** The environment in which a message is submitted. */
export interface SendmailContext {
  readonly config: Config;
  readonly terminal: Terminal;
  readonly queues: QueuePlaces;
  /** The path of this program. */
  readonly self: string;
}

/**
 * Reads a message from standard input and submits it. A temporarily refused message is queued.
 *
 * @throws MailError if the message was neither submitted nor queued
 */
export async function submitMessage(context: SendmailContext, options: SendmailOptions): Promise<ExitCode> {
  const { config, terminal, queues, self } = context;
  const { identity, settings } = config;
  refuseUnsupported(config);
  const { way } = readConfiguredWay(config);
  if (way.kind === "program") {
    refuseOwnProgram(way.path, self, process.env);
    markEnvironment(self);
  }
  const words = options.recipients.flatMap(parseAddresses).map(({ address }) => address);
  if (!options.recipientsFromHeader && words.length === 0)
    throw new MailError("no recipients; nothing was sent; name them or use -t", Exit.Usage);
  const sender = chooseSender(config, options);
  const incoming = await readMessage(terminal.rest(), { dotEnds: !options.ignoreDots });
  const named = options.recipientsFromHeader ? [...words, ...recipientsInHeader(incoming.fields)] : words;
  if (named.length === 0) throw new MailError("no recipients in the header; nothing was sent", Exit.Usage);
  const { to, refused } = expandRecipients(config, named, options.expandAliases);
  const report = (refusals: readonly Refusal[]) => {
    for (const { recipient, reply } of refusals) terminal.err(`sendmail: ${recipient}: ${reply}\n`);
  };
  report(refused);
  if (to.length === 0) return refused[0]?.exit ?? Exit.DataErr;
  settings.set("queue", "");
  const submission = new Submission(config, terminal, { program: "sendmail", recipients: "arguments", queues });
  try {
    const envelope: Envelope = {
      from: sender.address,
      to,
      ...(Object.keys(options.dsn).length === 0 ? {} : { dsn: options.dsn }),
    };
    const message = buildOutgoing(incoming, sender, identity);
    const envelopeSender = sender.address === "" ? "<>" : sender.address;
    const outcome = await submission.send({ way, envelope, message, envelopeSender, verbose: options.verbose }, {});
    report(outcome.refused);
    return [...refused, ...outcome.refused][0]?.exit ?? Exit.Ok;
  } finally {
    await submission.close();
    incoming.body.close();
  }
}

interface Sender {
  /** The envelope sender; empty for the null sender. */
  readonly address: string;
  readonly name: string;
}

/**
 * Returns the sender from the options or from the `from` variable. The default is the caller's account.
 *
 * @throws MailError if the sender is invalid
 */
function chooseSender({ identity, settings }: Config, { sender, fullName }: SendmailOptions): Sender {
  const given = sender ?? (settings.text("from") || undefined);
  const named = given === undefined ? { address: identity.login, name: "" } : parseAddresses(given)[0];
  const name = fullName ?? (named?.name || identity.fullName);
  if (given !== undefined && given.trim() === "") return { address: "", name: "Mail Delivery System" };
  const address = qualifyAddress(named?.address ?? "", identity.mailName);
  if (address.startsWith("-") || findAddressFault(address) !== undefined)
    throw new MailError(`sender ${JSON.stringify(given)}: not an address; nothing was sent`, Exit.DataErr);
  return { address, name };
}

/** Returns the envelope's recipients with their domains, and the recipients that are refused before submission. */
function expandRecipients(
  config: Config,
  named: readonly string[],
  expands: boolean,
): { readonly to: readonly string[]; readonly refused: readonly Refusal[] } {
  const { identity } = config;
  const path = aliasFilePath(config);
  const { recipients, refused } =
    expands && path !== undefined
      ? expandAliases(readAliasFile(path), named, (address) => localName(address, identity))
      : { recipients: named, refused: [] };
  const complete = [...new Set(recipients.map((address) => qualifyAddress(address, identity.mailName)))];
  const faults = complete.flatMap((recipient) => {
    const fault = findAddressFault(recipient) ?? (/[\r\n\0]/.test(recipient) ? "contains a line break" : undefined);
    return fault === undefined ? [] : [{ recipient, reply: `${fault}; not sent to it`, exit: Exit.DataErr }];
  });
  const to = complete.filter((recipient) => !faults.some((fault) => fault.recipient === recipient));
  return { to, refused: [...refused, ...faults] };
}

/** Returns the local part of an address of this host; undefined for another host. */
function localName(address: string, { mailName }: Identity): string | undefined {
  const at = address.lastIndexOf("@");
  if (at < 0) return address;
  const domain = address.slice(at + 1).toLowerCase();
  return domain === "localhost" || domain === mailName.toLowerCase() ? address.slice(0, at) : undefined;
}

function buildOutgoing({ fields, hasBody, body }: IncomingMessage, sender: Sender, { mailName }: Identity): Outgoing {
  const from = { address: sender.address || `MAILER-DAEMON@${mailName}`, name: sender.name };
  const { date, messageId: fresh } = newStamp(mailName);
  const { bytes: header, messageId } = completeHeader(fields, { date, messageId: fresh, from });
  const bytes = hasBody ? Buffer.concat([header, Buffer.from("\n")]) : header;
  const message: Outgoing = {
    size: bytes.length + body.size,
    messageId,
    async *open() {
      yield bytes;
      yield* body.pieces();
    },
  };
  const isAscii = body.facts.ascii && !bytes.some((byte) => byte > 127);
  // A server without 8BITMIME receives the same bytes, because the body is never changed.
  return isAscii ? message : { ...message, sevenBit: () => message };
}
