/** The context in which a message is composed: parts of the session and of the command line. */
import type { Config } from "../../config/config.ts";
import type { NamePlace } from "../../config/paths.ts";
import type { ExitCode, MailError } from "../../errors.ts";
import type { AccessServer } from "../../mailbox/server-access.ts";
import type { Outcome } from "../../submit/transport.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import type { MessageSource } from "../draft/draft.ts";
import type { Wanted } from "../draft/requested-parts.ts";
import type { Submission } from "./submission.ts";

export interface ComposeContext {
  readonly config: Config;
  readonly terminal: Terminal;
  /** The session's submissions. */
  readonly submission: Submission;
  /** Provides access to the server if `record` names a mailbox on a server. */
  readonly accessServer?: AccessServer;
  /** Whether to show the dialogue with the server. */
  readonly verbose: boolean;
  /** Whether to ask for the subject. -s prevents the question. */
  readonly ask: { readonly subject: boolean };
  /** The session's messages, for ~m and ~f. */
  readonly quoting?: MessageSource;
  /** Runs a command for `~:` and returns whether the command ended the session, which also ends the message. */
  readonly execute?: (line: string) => Promise<boolean>;
  /** The session's folder, for the file name #. */
  readonly folder?: NamePlace["folder"];
  /** Whether tilde escapes are interpreted in a pipe (-~, -#). */
  readonly escapes: boolean;
  /** Whether a message with an empty body is discarded instead of being sent. */
  readonly skipEmpty: boolean;
  /** The parts that the command line requests. */
  readonly wanted?: Wanted & {
    /** -t: whether the text starts with a header. */
    readonly header: boolean;
  };
}

/** The outcome of a message. The printed text, the JSON and the exit code are derived from this result. */
export interface ComposeResult {
  readonly exit: ExitCode;
  readonly sent: boolean;
  /** The outcome for each recipient, if the message was submitted. */
  readonly outcome?: Outcome;
  /** The reason why the message was not submitted, or why its outcome is unknown. */
  readonly error?: MailError;
  /**
   * Whether the message may have been delivered to a recipient, in which case another attempt could deliver it twice.
   */
  readonly isUnknown?: boolean;
  /** The file in which the text of an undelivered message was saved. */
  readonly deadLetter?: string | undefined;
  readonly messageId?: string | undefined;
  /** The copies for the `record` file, and for files and commands among the recipients. */
  readonly copies?: readonly Copy[];
}

/** A copy of a message. */
export interface Copy {
  /** The file or command, as the user wrote it. */
  readonly to: string;
  /** The reason why the copy could not be written. */
  readonly error: MailError | undefined;
}
