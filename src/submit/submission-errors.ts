/** Why a message was not submitted, as typed reasons: exit codes, streams and remedies are decided by them, never by words. */
import { Exit, type ExitCode, MailError } from "../errors.ts";

/** What can be wrong with a server before it has spoken: no remedy helps but another name, another port, or waiting. */
type ConnectionReason =
  | "unknown host"
  | "no connection"
  | "no greeting"
  | "no reply"
  | "connection closed"
  | "endless reply"
  | "not SMTP"
  | "unexpected reply"
  /** The server refuses to talk; the text contains its reply. */
  | "refused"
  | "system error";

/** What can be wrong with the encryption of a connection (RFC 3207, RFC 8314). */
export type TlsReason =
  | "STARTTLS refused"
  | "no TLS in time"
  | "no TLS on this port"
  | "TLS failed"
  | "certificate for another name"
  | "certificate expired"
  | "certificate not yet valid"
  | "certificate not trusted";

/** What can be wrong with a login (RFC 4954). */
export type LoginReason =
  | "login refused"
  | "login not offered"
  | "login mechanism unknown"
  | "login not encrypted"
  | "no password"
  | "password command failed";

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

/** A message that nobody got. The text says why, in the server's own words if there are any. */
export class SubmissionFailed extends MailError {
  readonly reason: FailureReason;

  constructor(reason: FailureReason, message: string, exit: ExitCode = Exit.TempFail, cause?: unknown) {
    super(message, exit, cause);
    this.reason = reason;
  }
}

/** A connection that was lost after the final dot: the server may have accepted the message; a second attempt could deliver it twice. */
export class OutcomeUnknown extends SubmissionFailed {}

/** A server that could not be used at all: not there, silent, or without TLS or a login. Another message fares no better. */
export class Unreachable extends SubmissionFailed {}

/** A submission that the user or a signal ended; nobody got the message. */
export class Interrupted extends SubmissionFailed {
  /** @param where the program or server that was waited for */
  constructor(where?: string) {
    super("interrupted", where === undefined ? "interrupted" : `${where}: interrupted`);
  }
}

/** A sendmail program that could not be run or failed. Its own words have been printed on standard error. */
export class ProgramFailed extends SubmissionFailed {
  /** The program's exit code; 1 if it did not come to that. */
  readonly code: number;

  constructor(message: string | undefined, exit: ExitCode, code: number) {
    super("program failed", message ?? "", exit);
    this.code = code;
  }
}
