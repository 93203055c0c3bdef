/**
 * A message from its first line to its outcome: collect, resolve the recipients, build, submit, record.
 *
 * Whatever ends it other than acceptance by the server leaves the text in dead.letter, and says why.
 */
import { ttyCharset } from "../config/charset.ts";
import type { Config } from "../config/config.ts";
import { Exit, type ExitCode, MailError } from "../errors.ts";
import { parseAddresses, splitAtCommas } from "../message/address.ts";
import { toBytes } from "../message/text.ts";
import { ProgramFailed, SubmissionFailed } from "../submit/errors.ts";
import { programArguments } from "../submit/program.ts";
import type { Outcome } from "../submit/transport.ts";
import { type Way, wayName } from "../submit/way.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { Autosave } from "./autosave.ts";
import type { Built } from "./body.ts";
import { takeHeader } from "./body-header.ts";
import { encodedMessage, newStamp, rawMessage, type Sender, type Stamp } from "./build.ts";
import { collect } from "./collect.ts";
import type { Draft } from "./draft.ts";
import { Unsendable } from "./errors.ts";
import { prepare, type Wanted } from "./prepare.ts";
import { envelopeAddresses, qualified, type Recipients, refusedAddress, resolveRecipients } from "./recipients.ts";
import { keepAtSignals } from "./signals.ts";
import { type Submission, wayOut } from "./submission.ts";
import type { MessageSource } from "./tilde-escape.ts";

export type { MessageSource } from "./tilde-escape.ts";

export interface ComposeContext {
  readonly config: Config;
  readonly terminal: Terminal;
  /** The session's ways out. */
  readonly submission: Submission;
  /** Show the dialogue with the server. */
  readonly verbose: boolean;
  /** Whether to ask for the subject at all: not when -s was given. */
  readonly ask: { readonly subject: boolean };
  /** The session's messages, for ~m and ~f. */
  readonly quoting?: MessageSource;
  /** Runs a command, for ~: @returns whether it ended the session, and so the message */
  readonly execute?: (line: string) => Promise<boolean>;
  /** Don't send an empty body. */
  readonly skipEmpty: boolean;
  /** Only of the command line. */
  readonly wanted?: Wanted & {
    /** -t: the text begins with a header. */
    readonly header: boolean;
    /** -~: escapes count in a pipe. */
    readonly escapes: boolean;
  };
}

export interface ComposeResult {
  readonly exit: ExitCode;
  readonly sent: boolean;
}

export async function compose(context: ComposeContext, draft: Draft): Promise<ComposeResult> {
  const autosave = context.terminal.inputIsTerminal ? Autosave.start(context.config) : undefined;
  try {
    const { safe, ...result } = await composed(context, draft, () => autosave?.update(draft));
    if (safe) autosave?.drop();
    return result;
  } finally {
    draft.body.close();
  }
}

type Composed = ComposeResult & {
  /** The text is elsewhere, or not wanted. */
  readonly safe: boolean;
};

function unsent(exit: ExitCode, safe = true): Composed {
  return { exit, sent: false, safe };
}

async function composed(context: ComposeContext, draft: Draft, typed: () => void): Promise<Composed> {
  const { config, terminal } = context;
  // Once: a hangup comes as a signal and as a failing read or write of the terminal.
  let kept: Promise<string | undefined> | undefined;
  const keep = () => {
    kept ??= Promise.resolve(draft.whole?.() ?? draft.body).then((text) => toDeadLetter(config, terminal, text));
    return kept;
  };
  const atEase = keepAtSignals(() => {
    if (terminal.begun !== "") draft.body.append(toBytes(`${terminal.begun}\n`));
    typed();
    return keep();
  });
  try {
    return (await collected(context, draft, typed, keep)) ?? (await finished(context, draft));
  } finally {
    atEase();
  }
}

/** Takes in the text. @returns what became of it when that is all, undefined when it is to be sent */
async function collected(
  context: ComposeContext,
  draft: Draft,
  typed: () => void,
  keep: () => Promise<string | undefined>,
): Promise<Composed | undefined> {
  const { config, terminal, quoting, execute } = context;
  // The interrupts that count are those that come while a line is awaited; between two lines none may end us.
  const unheard = terminal.interactive ? terminal.onInterrupt(() => {}) : () => {};
  try {
    if (context.wanted !== undefined) await prepared(context, draft, context.wanted);
    const how = { ...context.ask, escapes: context.wanted?.escapes === true };
    const ended = await collect({ config, terminal, draft, quoting, execute, typed }, how);
    if (ended === "sent") return undefined;
    if (ended === "dropped") return unsent(Exit.Ok);
    const exit = asBsd(config) ? Exit.Ok : Exit.Failure;
    if (config.settings.text("nosave") !== undefined) return unsent(exit);
    return unsent(exit, (await keep()) !== undefined);
  } catch (error) {
    if (error instanceof MailError && !terminal.interactive) await keepAndSay(context, draft.body);
    else await keep();
    throw error;
  } finally {
    unheard();
  }
}

/** Sends a draft that has its text already. What is not accepted for everyone is kept in dead.letter, and that is said. */
export async function sendDraft(context: ComposeContext, draft: Draft): Promise<ComposeResult> {
  try {
    const { exit, sent } = await finished(context, draft);
    return { exit, sent };
  } finally {
    draft.body.close();
  }
}

async function finished(context: ComposeContext, draft: Draft): Promise<Composed> {
  const { config, terminal } = context;
  if ((context.skipEmpty || config.settings.get("skipempty")) && draft.body.size === 0) return unsent(Exit.Ok);
  if (draft.appended !== undefined) draft.body.append(draft.appended);
  try {
    if (context.wanted?.header === true) takeHeader(draft);
    addNamedPeople(draft);
    return await send(context, draft);
  } catch (error) {
    if (!(error instanceof Unsendable)) {
      await keepAndSay(context, draft.body);
      throw error;
    }
    if (error.quiet) terminal.out(`${error.message}\n`);
    else terminal.err(`mail: ${error.message}\n`);
    return unsent(error.exit, await keepAndSay(context, draft.body));
  }
}

/** People named by -a are people who get the message, as when a sendmail program reads the header. */
function addNamedPeople(draft: Draft): void {
  for (const { name, value } of draft.fields) {
    const lower = name.toLowerCase();
    if (lower === "to" || lower === "cc" || lower === "bcc") draft[lower].push(...splitAtCommas(value));
    if (lower === "to") draft.shownTo = value;
  }
  draft.fields = draft.fields.filter(({ name }) => !/^(to|cc|bcc)$/i.test(name));
  // A group without members, such as undisclosed-recipients:;
  draft.to = draft.to.filter((item) => item !== draft.shownTo || parseAddresses(item).length > 0);
}

/** What is piped is not lost because of an attachment that is not there. */
async function prepared({ config, terminal }: ComposeContext, draft: Draft, wanted: Wanted): Promise<void> {
  try {
    await prepare(config, draft, wanted);
  } catch (error) {
    if (!terminal.interactive) for await (const piece of terminal.rest()) draft.body.append(piece);
    throw error;
  }
}

async function send(context: ComposeContext, draft: Draft): Promise<Composed> {
  const { config, terminal } = context;
  const { identity, settings } = config;
  draft.from ??= settings.text("from");
  draft.replyTo ??= replyToOf(process.env);
  const people = resolveRecipients(config, draft, (text) => terminal.out(text));
  const everyone = [...people.to, ...people.cc, ...people.bcc];
  checkHeaderText(draft, everyone);
  if (draft.body.size === 0) {
    const subject = draft.subject === undefined || draft.subject === "";
    terminal.out(subject ? "No message, no subject; hope that's ok\n" : "Null message body; hope that's ok\n");
  }
  if (everyone.length === 0) throw new Unsendable("No recipients specified", Exit.Failure, { quiet: true });
  const sender = draft.from === undefined ? undefined : envelopeAddresses(draft.from, identity.mailName)[0];
  const stamp = newStamp(identity.mailName);
  const from: Sender = { identity, charset: ttyCharset(config) };
  const raw = (exact: boolean) => rawMessage(draft, people, stamp, from, { exact });
  draft.whole = () => raw(true);
  const way = wayOut(config);
  if (settings.get("debug")) {
    terminal.out(planned(way, sender, context.verbose));
    return { exit: Exit.Ok, sent: false, safe: true };
  }
  if (!settings.get("dryrun")) await keepCopies(config, terminal, draft, people, stamp, from);
  if (everyone.every((item) => people.sinks.includes(item))) return { exit: Exit.Ok, sent: true, safe: true };
  try {
    const outcome = await submit(context, draft, people, { way, stamp, sender, from });
    const [first] = outcome.refused;
    if (first === undefined) return { exit: Exit.Ok, sent: true, safe: true };
    for (const { recipient, reply } of outcome.refused) terminal.err(`mail: ${recipient}: ${reply}\n`);
    if (outcome.accepted.length > 0) terminal.err(`mail: accepted for ${listed(outcome.accepted)}\n`);
    const safe = await keepAndSay(context, await raw(true));
    return { exit: first.exit, sent: outcome.accepted.length > 0, safe };
  } catch (error) {
    if (!(error instanceof MailError)) throw error;
    const exit = reported(error, terminal, config);
    return { exit, sent: false, safe: await keepAndSay(context, await raw(true)) };
  }
}

/** All of a few, else the first and how many more. */
function listed(addresses: readonly string[]): string {
  const most = 20;
  const more = addresses.length - most;
  return `${addresses.slice(0, most).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** With the variable `sendmail` words and exit codes are bsd-mailx's. */
function asBsd({ settings }: Config): boolean {
  return settings.get("mta") === undefined && settings.get("sendmail") !== undefined;
}

async function toDeadLetter(config: Config, terminal: Terminal, text: Built): Promise<string | undefined> {
  const { saveDeadLetter } = await import("./dead-letter.ts");
  return saveDeadLetter(config, terminal, text);
}

/** @returns whether the text is in dead.letter; bsd-mailx says nothing of it */
async function keepAndSay({ config, terminal }: ComposeContext, text: Built): Promise<boolean> {
  const path = await toDeadLetter(config, terminal, text);
  if (path !== undefined && !asBsd(config)) terminal.err(`mail: the message is in ${path}\n`);
  return path !== undefined;
}

/** Says what went wrong. @returns the exit code: bsd-mailx's 1 for the variable `sendmail`, sysexits for `mta` */
function reported(error: MailError, terminal: Terminal, config: Config): ExitCode {
  if (error.message !== "") terminal.err(`mail: ${error.message}\n`);
  if (!(error instanceof ProgramFailed)) {
    if (error instanceof SubmissionFailed) terminal.err("mail: the message was not sent\n");
    return error.exit;
  }
  terminal.err(`Can't send mail: sendmail process failed with error code ${error.code}\n`);
  return config.settings.get("mta") === undefined ? Exit.Failure : error.exit;
}

interface Ready {
  readonly way: Way;
  readonly stamp: Stamp;
  readonly from: Sender;
  readonly sender: string | undefined;
}

async function submit(
  { config, submission, verbose }: ComposeContext,
  draft: Draft,
  people: Recipients,
  ready: Ready,
): Promise<Outcome> {
  const { identity } = config;
  const asPeople = (items: readonly string[]) => items.filter((item) => !people.sinks.includes(item));
  const addressed = { to: asPeople(people.to), cc: asPeople(people.cc), bcc: asPeople(people.bcc) };
  const transport = await submission.open(ready.way, { sender: ready.sender, verbose });
  const items = [...addressed.to, ...addressed.cc, ...addressed.bcc];
  const from = ready.sender ?? `${identity.user}@${identity.mailName}`;
  if (transport.headers === "raw") {
    const { Readable } = await import("node:stream");
    const raw = await rawMessage(draft, people, ready.stamp, ready.from, { exact: false });
    const message = { size: raw.size, open: () => Readable.from(raw.pieces(), { objectMode: false }) };
    return await transport.submit({ from, to: items }, message);
  }
  const to = [...new Set(items.flatMap((item) => checkedAddresses(item, identity.mailName)))];
  return await transport.submit(
    { from, to },
    await encodedMessage(draft, addressed, ready.stamp, ready.from, { bcc: false }),
  );
}

/** Only the environment gives it, as in bsd-mailx: a variable of the session does not. */
function replyToOf({ REPLYTO }: NodeJS.ProcessEnv): string | undefined {
  return REPLYTO;
}

function checkedAddresses(item: string, mailName: string): string[] {
  const addresses = envelopeAddresses(item, mailName);
  if (addresses.length === 0) throw new Unsendable(`"${item}": no address; nothing was sent`, Exit.DataErr);
  for (const address of addresses) {
    const reason = refusedAddress(address);
    if (reason !== undefined) throw new Unsendable(`"${item}": ${reason}; nothing was sent`, Exit.DataErr);
  }
  return addresses;
}

/** Nothing that would make a header field of its own, whatever it came from. */
function checkHeaderText(draft: Draft, everyone: readonly string[]): void {
  for (const item of everyone) {
    if (/[\r\n\0]/.test(item)) {
      throw new Unsendable(`recipient ${JSON.stringify(item)} has a line break in it; nothing was sent`, Exit.DataErr);
    }
    if (item.trim() === "") throw new Unsendable("a recipient is empty; nothing was sent", Exit.DataErr);
  }
  if (draft.from === undefined) return;
  const address = parseAddresses(draft.from)[0]?.address ?? "";
  if (
    /[\r\n\0]/.test(draft.from) ||
    address.startsWith("-") ||
    refusedAddress(qualified(address, "localhost")) !== undefined
  ) {
    throw new Unsendable(`sender ${JSON.stringify(draft.from)}: not an address; nothing was sent`, Exit.DataErr);
  }
}

async function keepCopies(
  config: Config,
  terminal: Terminal,
  draft: Draft,
  people: Recipients,
  stamp: Stamp,
  from: Sender,
): Promise<void> {
  const record = recordFile(config.settings, draft.record ?? config.settings.text("record"));
  if (record === undefined && people.sinks.length === 0) return;
  const { copyForMbox, feedCommand } = await import("./record.ts");
  const copyTo = (names: Pick<Recipients, "to" | "cc" | "bcc">) =>
    rawMessage(draft, names, stamp, from, { exact: false });
  if (record !== undefined) await keepCopy(config, terminal, record, await copyTo(people), stamp.date);
  for (const sink of people.sinks) {
    const copy = await copyTo({ to: [sink], cc: [], bcc: [] });
    if (sink.startsWith("|")) await feedCommand(config, sink.slice(1), copyForMbox(config, copy, stamp.date));
    else await keepCopy(config, terminal, sink, copy, stamp.date);
  }
}

/** POSIX mailx: with `outfolder` a name that is no path is in the folder directory. */
function recordFile(settings: Config["settings"], record: string | undefined): string | undefined {
  if (record === undefined || record === "") return undefined;
  return settings.get("outfolder") && !/^[/~+]/.test(record) ? `+${record}` : record;
}

async function keepCopy(config: Config, terminal: Terminal, file: string, copy: Built, date: Date): Promise<void> {
  const { recordMessage } = await import("./record.ts");
  try {
    await recordMessage(config, file, copy, date);
  } catch (error) {
    if (!(error instanceof MailError)) throw error;
    terminal.err(`mail: ${error.message}\n`);
  }
}

function planned(way: Way, sender: string | undefined, verbose: boolean): string {
  if (way.kind === "smtp") return `Would be sent to ${wayName(way)}\n`;
  if (way.kind === "local") return "Would be delivered on this machine\n";
  return `Sendmail arguments: ${["sendmail", ...programArguments({ sender, verbose })].map((each) => `"${each}"`).join(" ")}\n`;
}
