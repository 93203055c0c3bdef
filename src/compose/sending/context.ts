/** What composing works with: the session's, and what was asked for. */
import type { Config } from "../../config/config.ts";
import type { NamePlace } from "../../config/paths.ts";
import type { ExitCode } from "../../errors.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import type { MessageSource } from "../draft/draft.ts";
import type { Wanted } from "../draft/prepare.ts";
import type { Submission } from "./submission.ts";

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
  /** The session's, for the file name #. */
  readonly folder?: NamePlace["folder"];
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
