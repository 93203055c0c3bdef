/** Determines the description and exit code for each failure in a dialogue with a server. */
import { describeTlsFailure } from "../connect/tls-failure.ts";
import { Exit, type ExitCode } from "../errors.ts";
import type { LoginReason } from "../reasons.ts";
import type { FailureReason } from "./submission-errors.ts";
import type { ServerWay } from "./transport-settings.ts";

/** A failure without its description. */
export interface DialogueFailure {
  readonly reason: Exclude<FailureReason, LoginReason>;
  /**
   * Text from another source: the message from the system or OpenSSL, the names in a certificate, or the unexpected
   * reply.
   */
  readonly detail: string;
}

/** The reasons whose detail is a complete description. */
type NamedByDetail =
  | "no connection"
  | "refused"
  | "unexpected reply"
  | "system error"
  | "message too large"
  | "message unreadable"
  | Elsewhere;

/** Reasons that are described by the code that detects them. Such reasons do not occur in a dialogue with a server. */
type Elsewhere =
  | "total time exceeded"
  | "interrupted"
  | "invalid setting"
  | "invalid envelope"
  | "address not ASCII"
  | "program failed";

/** The reasons for temporary failures: another attempt may succeed. */
type Temporary =
  | "no connection"
  | "no greeting"
  | "no reply"
  | "connection closed"
  | "refused"
  | "system error"
  | "STARTTLS refused"
  | "TLS timed out"
  | "no TLS on this port"
  | "TLS failed"
  | "total time exceeded"
  | "interrupted"
  | "message unreadable"
  | "program failed";

/** Time limits in milliseconds: for the connection and greeting, and for each reply. */
export interface Timeouts {
  readonly connect: number;
  readonly silence: number;
}

/** Returns the description of a failure, without the server's name. */
export function describeFailure(
  { reason, detail }: DialogueFailure,
  timeouts: Timeouts,
  protocol: ServerWay["protocol"],
): string {
  switch (reason) {
    case "unknown host":
      return "No such host";
    case "no greeting":
      return `no greeting within ${timeouts.connect / 1000} s (smtpconnecttimeout)`;
    case "TLS timed out":
      return `TLS was not established within ${timeouts.connect / 1000} s (smtpconnecttimeout)`;
    case "no reply":
      return `no reply within ${timeouts.silence / 1000} s (smtptimeout)`;
    case "connection closed":
      return "the server has closed the connection";
    case "endless reply":
      return "the server's reply does not end";
    case "not SMTP":
      return `not an SMTP reply: "${detail}"`;
    case "STARTTLS refused":
      return `STARTTLS was refused: ${detail}`;
    case "no TLS on this port":
    case "TLS failed":
    case "certificate for another name":
    case "certificate expired":
    case "certificate not yet valid":
    case "certificate not trusted":
      return describeTlsFailure({ reason, detail }, protocol);
    default:
      reason satisfies NamedByDetail;
      return detail;
  }
}

/** Returns the exit code (sysexits.h) for a failure without a reply. */
export function exitOfReason(reason: DialogueFailure["reason"]): ExitCode {
  switch (reason) {
    case "unknown host":
      return Exit.NoHost;
    case "message too large":
    case "certificate for another name":
    case "certificate expired":
    case "certificate not yet valid":
    case "certificate not trusted":
      return Exit.Unavailable;
    case "invalid envelope":
    case "address not ASCII":
      return Exit.DataErr;
    case "invalid setting":
      return Exit.Config;
    case "not SMTP":
    case "unexpected reply":
    case "endless reply":
      return Exit.Protocol;
    default:
      reason satisfies Temporary;
      return Exit.TempFail;
  }
}

/** Returns the reason with a note that the outcome is unknown. */
export function unknownOutcome(reason: string): string {
  return `${reason}; the outcome is unknown: the message may have been accepted`;
}
