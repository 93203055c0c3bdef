/** The parsed command line, before the start-up files and the environment are read. */
import { Exit, type ExitCode, MailError } from "../errors.ts";
import type { PartLabel } from "../message/part-label.ts";

/** A file to attach, with its label. */
export interface AttachRequest extends PartLabel {
  readonly path: string;
  /** Whether a pipe must deliver data within a minute, because it was given with -a. */
  readonly isLimited?: true;
  /**
   * Whether the file was given with -A, which selects an account in S-nail. If the start-up files define an account of
   * this name, it is selected instead.
   */
  readonly mayBeAccount?: true;
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
   * The type of the body. With `onlyIfLikely`, this is the type of an attachment, and the body gets it only if its
   * content appears to be of that type.
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
  /** The letters of the start-up files to read (-:). */
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
  readonly queue: boolean;
  readonly flush: boolean;
  /** True if the option is given without its optional argument; the same applies to `track`. */
  readonly smtp: string | true | undefined;
  readonly track: string | true | undefined;
  readonly wait: number;
  readonly set: readonly string[];
  /** The account whose variables are set after the start-up files have been read. */
  readonly account: string | undefined;
  /** The command given with --run; empty without --run. */
  readonly run: readonly string[];
  readonly if: string | undefined;
  readonly throttle: string | undefined;
  readonly digest: boolean;
  readonly config: boolean;
  readonly check: boolean;
  readonly json: boolean;
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
 * Returns whether the mailbox is read without a session, with --json, --count, --print or -L. The arguments of the
 * first three are a query.
 */
export function isListing(given: Pick<CommandLine, "json" | "check" | "count" | "print" | "search">): boolean {
  return given.count || given.print || (given.json && !given.check) || given.search !== undefined;
}

/** Returns whether the command line sends a message. */
export function isSending(given: CommandLine): boolean {
  return !given.file && (given.words.length > 0 || given.recipientsFromHeader) && !isListing(given);
}

/** An invalid command line. The exit code is 1 if bsd-mailx reports the same error. */
export class UsageError extends MailError {
  override readonly form = "bare";

  constructor(message: string, exit: ExitCode = Exit.Failure) {
    super(message, exit);
  }
}
