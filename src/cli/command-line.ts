/** What the command line said, before start-up files and the environment are looked at. */
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
  /** True where nothing was named, here and below. */
  readonly smtp: string | true | undefined;
  readonly track: string | true | undefined;
  readonly wait: number;
  readonly set: readonly string[];
  /** The command of --run; empty without. */
  readonly run: readonly string[];
  readonly if: string | undefined;
  readonly throttle: string | undefined;
  readonly digest: boolean;
  readonly config: boolean;
  readonly check: boolean;
  readonly json: boolean;
  /** Command lines of -E, as GNU mail has it. */
  readonly exec: readonly string[];
  readonly count: boolean;
  readonly print: boolean;
  readonly version: boolean;
  /** Recipients, or the one file of -f. */
  readonly words: readonly string[];
  /** With `-f -`: where the mailbox that came on standard input is kept. */
  readonly piped?: string;
}

/** Returns whether the mailbox is read without a session: --json, --count and --print, whose arguments are a query. */
export function isListing(given: Pick<CommandLine, "json" | "check" | "count" | "print">): boolean {
  return given.count || given.print || (given.json && !given.check);
}
