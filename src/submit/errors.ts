import { Exit, type ExitCode, MailError } from "../errors.ts";

/** Nobody got the message: the text says why, in the server's own words where there are any. */
export class SubmissionFailed extends MailError {
  constructor(message: string, exit: ExitCode = Exit.TempFail, cause?: unknown) {
    super(message, exit, cause);
  }
}
