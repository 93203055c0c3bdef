/**
 * Declares the reasons why a message was not submitted. Exit codes, output streams and remedies depend on these typed
 * reasons, never on the text of an error message.
 */
import { Exit, type ExitCode, MailError } from "../errors.ts";
import type { LoginReason, TlsReason } from "../reasons.ts";

/**
 * Problems that occur before the server's greeting. Such problems can be solved only by using another host or port, or
 * by waiting.
 */
type ConnectionReason =
  | "unknown host"
  | "no connection"
  | "no greeting"
  | "no reply"
  | "connection closed"
  | "endless reply"
  | "not SMTP"
  | "unexpected reply"
  /** The server rejects the connection; the message contains its reply. */
  | "refused"
  | "system error";

export type FailureReason =
  | ConnectionReason
  | TlsReason
  | LoginReason
  | "total time exceeded"
  | "interrupted"
  | "invalid setting"
  | "invalid envelope"
  | "address not ASCII"
  | "message too large"
  | "message unreadable"
  | "program failed";

/**
 * The message was not delivered to anyone. The text contains the reason, including the server's reply if there is
 * one.
 */
export class SubmissionFailed extends MailError {
  declare readonly reason: FailureReason;

  constructor(reason: FailureReason, message: string, exit: ExitCode = Exit.TempFail, cause?: unknown) {
    super(message, exit, { cause, reason });
  }
}

/**
 * The connection was lost after the final dot. The server may have accepted the message, and another attempt could
 * deliver it twice.
 */
export class OutcomeUnknown extends SubmissionFailed {}

/**
 * The server could not be used at all, for example because it did not respond. Other messages would fail in the same
 * way.
 */
export class Unreachable extends SubmissionFailed {}

/** The user or a signal interrupted the submission. The message was not delivered to anyone. */
export class Interrupted extends SubmissionFailed {
  /** @param where the program or server that `mail` was waiting for */
  constructor(where?: string) {
    super("interrupted", where === undefined ? "interrupted" : `${where}: interrupted`);
  }
}

/** The error for a sendmail program that failed or could not be run. */
export class ProgramFailed extends SubmissionFailed {
  /** The program's exit code; 1 if it did not exit by itself. */
  readonly code: number;
  /** Whether the program itself has reported the reason to the user. */
  readonly hasReported: boolean;

  constructor(message: string, exit: ExitCode, code = 1, hasReported = false) {
    super("program failed", message, exit);
    this.code = code;
    this.hasReported = hasReported;
  }
}
