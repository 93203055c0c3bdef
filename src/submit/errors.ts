import { Exit, type ExitCode, MailError } from "../errors.ts";

/** Nobody got the message: the text says why, in the server's own words where there are any. */
export class SubmissionFailed extends MailError {
  constructor(message: string, exit: ExitCode = Exit.TempFail, cause?: unknown) {
    super(message, exit, cause);
  }
}

/** The connection was lost after the final dot: the server may have taken the message, and another try could be a second copy. */
export class OutcomeUnknown extends SubmissionFailed {}

/** There was no server to give a message to: not there, silent, no TLS or no login with it. Another message fares no better. */
export class Unreachable extends SubmissionFailed {}

/** The user, or a signal that ends us, would not wait any longer; nobody got the message. */
export class Interrupted extends SubmissionFailed {
  /** @param where it waited */
  constructor(where?: string) {
    super(where === undefined ? "interrupted" : `${where}: interrupted`);
  }
}

/** A sendmail program could not be run, or did not end well. Its own words have gone to standard error. */
export class ProgramFailed extends SubmissionFailed {
  /** What the program ended with; 1 where it did not come to that. */
  readonly code: number;

  constructor(message: string | undefined, exit: ExitCode, code: number) {
    super(message ?? "", exit);
    this.code = code;
  }
}
