/** The parsed command line, before the start-up files and the environment are read. */
import { Exit, type ExitCode, MailError } from "../errors.ts";

export interface CommandLine {
  readonly subject: string | undefined;
  readonly cc: readonly string[];
  readonly bcc: readonly string[];
  readonly from: string | undefined;
  readonly header: readonly string[];
  readonly customHeader: readonly string[];
  readonly attach: readonly string[];
  readonly quoteFile: string | undefined;
  readonly recipientsFromHeader: boolean;
  readonly file: boolean;
  readonly user: string | undefined;
  readonly exists: boolean;
  readonly headers: boolean;
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
  /** The command of --run; empty without --run. */
  readonly run: readonly string[];
  readonly if: string | undefined;
  readonly throttle: string | undefined;
  readonly digest: boolean;
  readonly config: boolean;
  readonly check: boolean;
  readonly json: boolean;
  /** The commands given with -E, as in GNU mail. */
  readonly exec: readonly string[];
  readonly count: boolean;
  readonly print: boolean;
  readonly version: boolean;
  /** Recipients, or the file of -f. */
  readonly words: readonly string[];
  /** With `-f -`: the path of the copy of standard input. */
  readonly piped?: string;
}

/**
 * Returns whether the mailbox is read without a session, with --json, --count or --print. Their arguments are a
 * query.
 */
export function isListing(given: Pick<CommandLine, "json" | "check" | "count" | "print">): boolean {
  return given.count || given.print || (given.json && !given.check);
}

/** An invalid command line. The exit code is 1 if bsd-mailx reports the same error. */
export class UsageError extends MailError {
  override readonly form = "bare";

  constructor(message: string, exit: ExitCode = Exit.Failure) {
    super(message, exit);
  }
}
