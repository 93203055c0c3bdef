/**
 * Describes the command line as parsed before the start-up files and the environment are read, and rejects invalid
 * values and combinations of options. If bsd-mailx has a message for an error, that message is used.
 */
import { Exit, type ExitCode, MailError } from "../errors.ts";
import type { PartLabel } from "../message/part-label.ts";

/** A file to attach, with its label. */
export interface AttachRequest extends PartLabel {
  readonly path: string;
  /** Whether the file is a pipe that was given with -a. Such a pipe must deliver data within a minute. */
  readonly isLimited?: true;
  /**
   * Whether the file was given with -A, which selects an account in S-nail. If the start-up files define an account
   * with this name, the account is selected and no file is attached.
   */
  readonly mayBeAccount?: true;
}

/** The states that --mark can set. */
export const markNames = ["read", "unread", "flagged", "unflagged", "answered", "draft"] as const;

export type MarkName = (typeof markNames)[number];

/** An action on messages that a program requests in one command, without a session. */
export type RequestedAct =
  | { readonly kind: "delete" }
  /** The target folder, as typed. */
  | { readonly kind: "move" | "copy"; readonly to: string }
  | { readonly kind: "mark"; readonly state: MarkName }
  /** The target directory, as typed. */
  | { readonly kind: "save-parts"; readonly to: string }
  | { readonly kind: "resend"; readonly to: readonly string[] }
  | { readonly kind: "reply"; readonly id: string; readonly toAll: boolean; readonly quotes: boolean }
  | { readonly kind: "forward"; readonly id: string }
  | { readonly kind: "part"; readonly number: string };

/** The options that select the messages printed by --json, sort these messages, or add fields to the output. */
export interface ListForm {
  readonly limit: number | undefined;
  readonly newest: boolean;
  /** The sort key as typed, with or without a minus sign. */
  readonly sort: string | undefined;
  readonly thread: boolean;
  readonly parts: boolean;
  readonly text: boolean;
  readonly allHeaders: boolean;
  /** Whether to print one complete message (--show). */
  readonly show: boolean;
}

/** The options with which a program sends or stores a message. */
export interface OutgoingForm {
  /** Whether standard input contains the complete draft as JSON. */
  readonly fromJson: boolean;
  /** Whether the message is stored in the drafts folder instead of being sent. */
  readonly draft: boolean;
  /** The id of the draft to send, with or without the prefix `id:`. */
  readonly send: string | undefined;
  /** Whether a draft is sent even if the outcome of an earlier attempt is unknown. */
  readonly again: boolean;
}

/** A wait for a message. */
export interface RequestedWait {
  readonly seconds: number;
  /** Whether a message that is already in the mailbox ends the wait. */
  readonly acceptsPresent: boolean;
}

export interface CommandLine {
  readonly subject: string | undefined;
  readonly cc: readonly string[];
  readonly bcc: readonly string[];
  readonly from: string | undefined;
  readonly header: readonly string[];
  readonly customHeader: readonly string[];
  readonly attach: readonly AttachRequest[];
  readonly skipEmptyAttachments: boolean;
  readonly alternative: boolean;
  /**
   * The type of the body. With `onlyIfLikely`, the type was given for an attachment, and applies to the body only if
   * the body's content appears to be of that type.
   */
  readonly bodyType: { readonly type: string; readonly onlyIfLikely?: true } | undefined;
  readonly bodyEncoding: string | undefined;
  readonly html: boolean;
  /** The file from which the body is read, instead of standard input. */
  readonly bodyFile: string | undefined;
  readonly withoutMime: boolean;
  readonly recordByName: boolean;
  readonly quoteFile: string | undefined;
  readonly recipientsFromHeader: boolean;
  readonly file: boolean;
  readonly user: string | undefined;
  readonly exists: boolean;
  readonly headers: boolean;
  /** The messages to list (-L). */
  readonly search: string | undefined;
  readonly readOnly: boolean;
  readonly batch: boolean;
  /** The letters that stand for the start-up files to read (-:). */
  readonly resourceFiles: string | undefined;
  /** Whether -. was given, which means that a message is sent. */
  readonly endOptions: boolean;
  readonly withoutHeaderList: boolean;
  readonly skipEmpty: boolean;
  readonly ignoreInterrupts: boolean;
  readonly interactive: boolean;
  readonly tildeEscapes: boolean;
  readonly withoutSystemRc: boolean;
  readonly debug: boolean;
  readonly verbose: boolean;
  readonly dryRun: boolean;
  readonly trace: string | undefined;
  readonly folders: boolean;
  readonly queue: boolean;
  readonly flush: boolean;
  /** The argument of --smtp; true if the option is given without its optional argument. */
  readonly smtp: string | true | undefined;
  /** The argument of --track; true if the option is given without its optional argument. */
  readonly track: string | true | undefined;
  readonly wait: number;
  readonly set: readonly string[];
  /** The account to select after the start-up files have been read. */
  readonly account: string | undefined;
  /** The account for which --login obtains OAuth2 tokens. */
  readonly login: string | undefined;
  /** The command given with --run; empty without --run. */
  readonly run: readonly string[];
  readonly if: string | undefined;
  readonly throttle: string | undefined;
  readonly digest: boolean;
  readonly config: boolean;
  readonly check: boolean;
  readonly json: boolean;
  readonly list: ListForm;
  /** The name of the schema to print; true for all schemas. */
  readonly jsonSchema: string | true | undefined;
  readonly act: RequestedAct | undefined;
  readonly outgoing: OutgoingForm;
  /** --wait without --track. */
  readonly waiting: RequestedWait | undefined;
  /** The maximum number of messages that an action on a query may affect. */
  readonly atMost: number | undefined;
  /** The commands given with -X, or with -E as in GNU mail. */
  readonly startUpCommands: readonly string[];
  readonly count: boolean;
  readonly print: boolean;
  readonly version: boolean;
  /** Recipients, or the file given with -f. */
  readonly words: readonly string[];
  /** With `-f -`: the path of the copy of standard input. */
  readonly piped?: string;
}

/**
 * Returns whether the mailbox is read without a session, with --json, --count, --print or -L. With --json, --count or
 * --print, the arguments are a query.
 */
export function isListing(given: CommandLine): boolean {
  if (given.act !== undefined || given.waiting !== undefined || sendsForProgram(given)) return false;
  return given.count || given.print || (given.json && !given.check && !given.folders) || given.search !== undefined;
}

/** Returns whether the command line sends a message. */
export function isSending(given: CommandLine): boolean {
  if (given.act !== undefined || given.waiting !== undefined || given.outgoing.send !== undefined) return false;
  if (given.outgoing.fromJson) return true;
  return !given.file && (given.words.length > 0 || given.recipientsFromHeader) && !isListing(given);
}

/**
 * Returns whether the caller is a program that sends or stores a message and expects to receive the outcome. Such a
 * program uses --from-json, --draft or --send, or uses --json together with an option that applies only to sending.
 */
export function sendsForProgram(given: CommandLine): boolean {
  const { fromJson, draft, send } = given.outgoing;
  if (fromJson || draft || send !== undefined) return true;
  if (!given.json || given.act !== undefined || given.check || given.folders || given.count || given.print)
    return false;
  return given.search === undefined && !given.file && nameSendingOption(given) !== undefined;
}

/** Returns whether the output is for a program, in which case nothing may be asked, paged, edited or coloured. */
export function isForProgram(given: CommandLine): boolean {
  const { act, json, jsonSchema, waiting } = given;
  return act !== undefined || json || jsonSchema !== undefined || waiting !== undefined || sendsForProgram(given);
}

/** An invalid command line. The exit code is 1 if bsd-mailx reports the same error. */
export class UsageError extends MailError {
  override readonly form = "bare";

  /** @param details the program's usage */
  constructor(message: string, exit: ExitCode = Exit.Failure, details?: string) {
    super(message, exit, { reason: "usage", remedy: "see mail --help", details });
  }
}

/** How the options were written on the command line. */
interface GivenForms {
  /** The names of the options that were written in their long form. */
  readonly inFull: ReadonlySet<string>;
  /** The arguments after `--` or `-.`. */
  readonly afterEnd: readonly string[];
}

/**
 * Checks the options.
 *
 * @throws UsageError
 */
export function checkOptions(given: CommandLine, { inFull, afterEnd }: GivenForms): void {
  if (given.trace !== undefined && given.trace !== "json") {
    throw new UsageError(`mail: --trace: "${given.trace}" is invalid; use json`);
  }
  if (given.resourceFiles !== undefined && !/^[sux/-]+$/i.test(given.resourceFiles)) {
    throw new UsageError(`mail: -: "${given.resourceFiles}" is invalid; use the letters s, u and x, or /`, Exit.Usage);
  }
  refuseContradictions(given, inFull);
  // An option for lists that was given without --json is reported later.
  const listsMessages =
    isListing(given) || Object.values(given.list).some((value) => value !== undefined && value !== false);
  if (given.file && given.words.length > 1 && !listsMessages && given.act === undefined && !readsMail(given)) {
    throw new UsageError("mail: Cannot give -f and people to send to");
  }
  const forRun = given.if !== undefined || given.throttle !== undefined || given.digest;
  if (forRun && given.run.length === 0) {
    throw new UsageError("mail: --if, --throttle and --digest require --run", Exit.Usage);
  }
  const recipients = given.words.length > 0 || given.recipientsFromHeader || given.outgoing.fromJson;
  if (given.act === undefined && findSendingOption(given) !== undefined && (given.file || !recipients))
    throw describeMissingRecipients();
  if (given.recipientsFromHeader && given.file)
    throw new UsageError("mail: -f and -t cannot be used together", Exit.Usage);
  if (given.endOptions && !recipients) throw new UsageError("mail: -.: no recipients follow", Exit.Usage);
  if (!given.file) refuseSendmailOptions(afterEnd);
  const wrong = given.customHeader.find((value) => !isField(value));
  if (wrong !== undefined) {
    throw new UsageError(`mail: -C "${wrong}": not a header field of the form "Name: value"`, Exit.Usage);
  }
  checkBody(given);
}

/** Returns bsd-mailx's error for an option that requires recipients. */
export function describeMissingRecipients(): UsageError {
  return new UsageError("mail: You must specify to-addr recipients when using -s, -c, -b, or -r");
}

/**
 * Rejects sendmail options after `--`. Old versions of bsd-mailx passed these options to sendmail; current versions
 * treat them as recipients.
 */
function refuseSendmailOptions(words: readonly string[]): void {
  const option = words.find((word) => /^-[fFro]/.test(word));
  if (option === undefined) return;
  throw new UsageError(
    `mail: "${option}": an option of sendmail, not an address; nothing was sent; use -r to set the sender`,
    Exit.Usage,
  );
}

function checkBody(given: CommandLine): void {
  const types = [given.html && "--html", given.bodyType?.onlyIfLikely === undefined && given.bodyType && "-M"].filter(
    (each) => typeof each === "string",
  );
  if (types.length > 1) throw describeConflict("--html", "-M");
  if (given.withoutMime) {
    const [other] = [
      ...types,
      given.attach.length > 0 && "-A",
      given.bodyEncoding !== undefined && "--encoding",
      given.alternative && "--alternative",
    ].filter((each) => typeof each === "string");
    if (other !== undefined) throw describeConflict("--without-mime", other);
  }
  if (given.bodyFile !== undefined) {
    const [other] = [given.recipientsFromHeader && "-t", given.quoteFile !== undefined && "-q"].filter(
      (each) => typeof each === "string",
    );
    if (other !== undefined) throw describeConflict("-m", other);
  }
}

/** Returns the error for two conflicting options. */
export function describeConflict(one: string, other: string): UsageError {
  return new UsageError(`mail: ${one} and ${other} cannot be used together`, Exit.Usage);
}

/** Rejects conflicting options, because one of them would be ignored. */
function refuseContradictions(given: CommandLine, inFull: ReadonlySet<string>): void {
  const tasks = tasksOf(given, inFull);
  const [task, other] = tasks;
  if (task !== undefined && other !== undefined) throw describeConflict(task, other);
  if (given.count && given.print) throw describeConflict("--count", "--print");
  if (given.json && given.print) throw describeConflict("--json", "--print");
  if (given.login !== undefined && given.account !== undefined) throw describeConflict("--login", "--account");
  if (task !== undefined && given.dryRun && withoutDryRun.has(task)) throw describeConflict(task, "--dry-run");
  if (task === undefined || task === "--run") return;
  // With recipients, -e has the same meaning as -E. Without recipients, the error is the same as in bsd-mailx.
  if (task === "-e") return;
  // The arguments for actions on messages are checked in program-forms.ts.
  if (given.act !== undefined) {
    const other = given.recipientsFromHeader ? "-t" : given.endOptions ? "-." : given.readOnly ? "-R" : undefined;
    if (other !== undefined) throw describeConflict(task, other);
    return;
  }
  const sending = nameSendingOption(given);
  if (sending !== undefined) throw describeConflict(task, sending);
  if (given.file && !takesFile.has(task)) throw describeConflict(task, "-f");
  const words = given.words.slice(given.file ? 1 : 0);
  const most = task === "--check" ? 1 : takesQuery.has(task) ? Number.POSITIVE_INFINITY : 0;
  const word = words[most];
  if (word !== undefined) {
    throw new UsageError(`mail: ${task}: "${word}": unexpected argument`, Exit.Usage);
  }
}

/** Returns whether -f names the mailbox for --wait or --send. */
function readsMail({ waiting, outgoing }: CommandLine): boolean {
  return waiting !== undefined || outgoing.send !== undefined;
}

const takesFile = new Set(["--wait", "--send", "--json", "--count", "--print", "-H", "-L", "--exists"]);
const takesQuery = new Set(["--wait", "--json", "--count", "--print"]);
/** The tasks with which --dry-run cannot be combined: they change nothing, or they communicate with a server. */
const withoutDryRun = new Set([
  ...["--part", "--wait", "--json", "--count", "--print", "-L", "--folders", "--json-schema"],
  ...["--queue", "--track", "--login", "--smtp"],
]);

/** Returns the given options that request a task other than writing a message or running a session. */
function tasksOf(given: CommandLine, inFull: ReadonlySet<string>): string[] {
  const { act } = given;
  const listing = given.count ? "--count" : given.print ? "--print" : "--json";
  const existence = inFull.has("exists") ? "--exists" : "-e";
  const tasks: readonly (readonly [string, boolean])[] = [
    ["--run", given.run.length > 0],
    ["--config", given.config],
    ["--check", given.check],
    ["--login", given.login !== undefined],
    ["--folders", given.folders],
    ["--queue", given.queue],
    ["--flush", given.flush],
    ["--smtp", given.smtp !== undefined],
    ["--track", given.track !== undefined],
    ["-L", given.search !== undefined],
    ["--json-schema", given.jsonSchema !== undefined],
    [`--${act?.kind}`, act !== undefined],
    ["--wait", given.waiting !== undefined],
    ["--send", given.outgoing.send !== undefined],
    ["--from-json", given.outgoing.fromJson],
    [listing, given.count || given.print || (given.json && isListing(given))],
    ["-H", given.headers],
    [existence, given.exists && given.search === undefined],
  ];
  return tasks.flatMap(([name, isGiven]) => (isGiven ? [name] : []));
}

/** Returns an option on the command line that is valid only if a message is sent and has recipients. */
export function findSendingOption(given: CommandLine): string | undefined {
  const options: readonly (readonly [string, boolean])[] = [
    ["-s", given.subject !== undefined],
    ["-c", given.cc.length > 0],
    ["-b", given.bcc.length > 0],
    ["-r", given.from !== undefined],
    ["-A", given.attach.some(({ mayBeAccount }) => mayBeAccount !== true)],
    ["-q", given.quoteFile !== undefined],
    ["-m", given.bodyFile !== undefined],
    ["-M", given.bodyType !== undefined],
    ["--html", given.html],
    ["--encoding", given.bodyEncoding !== undefined],
    ["--alternative", given.alternative],
    ["--without-mime", given.withoutMime],
    ["--draft", given.outgoing.draft && !given.outgoing.fromJson],
  ];
  return options.find(([, isGiven]) => isGiven)?.[0];
}

/** Returns an option on the command line that applies only to sending, whether or not it requires recipients. */
export function nameSendingOption(given: CommandLine): string | undefined {
  const { header, customHeader, recipientsFromHeader, endOptions } = given;
  const other = recipientsFromHeader ? "-t" : endOptions ? "-." : undefined;
  return findSendingOption(given) ?? (header.length + customHeader.length > 0 ? "-a" : other);
}

/** Returns whether a line is a header field (RFC 5322, section 2.2). White space before the colon is accepted. */
export function isField(line: string): boolean {
  return /^[!-9;-~]+[ \t]*:/.test(line);
}
