/** Turns nodemailer's errors into outcomes and typed reasons. No other module uses nodemailer's error codes. */
import { types } from "node:util";
import { describeTlsFailure, isCertificateReason, tlsFailure } from "../../connect/tls-failure.ts";
import { Exit, MailError } from "../../errors.ts";
import { strerror } from "../../system-error.ts";
import { type DialogueFailure, describeFailure, exitOfReason, type Timeouts, unknownOutcome } from "../failures.ts";
import { exitCodeForRefusal, replyOnOneLine } from "../replies.ts";
import { OutcomeUnknown, SubmissionFailed } from "../submission-errors.ts";
import type { Envelope, Outcome, Refusal } from "../transport.ts";
import { type ServerWay, serverName } from "../transport-settings.ts";

/** A protocol violation by the server, detected by the code in this directory. */
export class ProtocolError extends Error {
  readonly reason: "not SMTP" | "unexpected reply";

  constructor(reason: ProtocolError["reason"], detail: string) {
    super(detail);
    this.reason = reason;
  }
}

/** The fields of nodemailer's errors. */
export interface SmtpError extends Error {
  code?: string | undefined;
  originalCode?: string | undefined;
  /** The timer that expired. */
  timeoutType?: string | undefined;
  command?: string | undefined;
  response?: string | undefined;
  recipient?: string | undefined;
  rejectedErrors?: SmtpError[] | undefined;
}

/** The circumstances in which an error was thrown. */
export interface Circumstances {
  /** Whether the complete message was sent. Only a reply can then determine the outcome. */
  readonly dotSent: boolean;
  readonly server: ServerWay;
  readonly timeouts: Timeouts;
}

/** Converts a server's reply about a recipient into a refusal. */
export function refusalOf(error: SmtpError): Refusal {
  const reply = replyOnOneLine(error.response ?? error.message);
  return { recipient: error.recipient ?? "", reply, exit: exitCodeForRefusal(reply) };
}

/**
 * Returns whether the connection was lost before the server replied to the message, in which case a new connection may
 * succeed.
 */
export function isConnectionLost(thrown: unknown): boolean {
  if (!types.isNativeError(thrown)) return false;
  const { code = "", response = "" } = thrown as SmtpError;
  if (response.startsWith("421")) return true;
  return ["ECONNECTION", "ESOCKET", "ETIMEDOUT"].includes(code) && response === "";
}

/** Returns whether TLS could not be started on a connection. */
export function isTlsError(thrown: unknown): boolean {
  return types.isNativeError(thrown) && (thrown as SmtpError).code === "ETLS";
}

/** Returns the reason why the server's certificate is invalid; undefined for any other error. */
export function certificateProblem(thrown: unknown, protocol: ServerWay["protocol"]): string | undefined {
  if (!types.isNativeError(thrown) || thrown instanceof MailError) return undefined;
  const failure = tlsFailure(thrown as SmtpError);
  return failure !== undefined && isCertificateReason(failure.reason)
    ? describeTlsFailure(failure, protocol)
    : undefined;
}

/**
 * Returns the outcome if the server replied to the recipients or the message.
 *
 * @throws OutcomeUnknown if the server may have accepted the message; SubmissionFailed for any other error without a
 *   reply
 */
export function outcomeOfError(thrown: unknown, envelope: Envelope, circumstances: Circumstances): Outcome {
  const { dotSent, server, timeouts } = circumstances;
  const name = serverName(server);
  if (thrown instanceof SubmissionFailed) throw thrown;
  if (thrown instanceof MailError) {
    const reason = thrown.exit === Exit.Config ? "invalid setting" : "message unreadable";
    throw new SubmissionFailed(reason, thrown.message, thrown.exit, thrown);
  }
  if (!types.isNativeError(thrown)) throw thrown;
  const error: SmtpError = thrown;
  if (error.rejectedErrors !== undefined && error.rejectedErrors.length > 0) {
    return { accepted: [], refused: error.rejectedErrors.map(refusalOf) };
  }
  if (error.code === "EAUTH") throw loginRefused(error, name);
  if (error.response !== undefined && error.response !== "") {
    const reply = replyOnOneLine(error.response);
    if (dotSent && !/^[45]/.test(reply)) {
      throw new OutcomeUnknown("unexpected reply", unknownOutcome(`${name}: ${reply}`), Exit.Protocol);
    }
    if (!["CONN", "EHLO", "HELO", "LHLO", "STARTTLS"].includes(error.command ?? "")) {
      return {
        accepted: [],
        refused: envelope.to.map((recipient) => ({ recipient, reply, exit: exitCodeForRefusal(reply) })),
      };
    }
    const reason = error.command === "STARTTLS" ? "STARTTLS refused" : "refused";
    const text = describeFailure({ reason, detail: reply }, timeouts, server.protocol);
    throw new SubmissionFailed(reason, `${name}: ${text}`, exitCodeForRefusal(reply), error);
  }
  const failure = toSubmissionFailure(error);
  const text = `${name}: ${replyOnOneLine(describeFailure(failure, timeouts, server.protocol))}`;
  const exit = exitOfReason(failure.reason);
  const isLost = ["ECONNECTION", "ETIMEDOUT", "ESOCKET", "ETLS", "EPROTOCOL"].includes(error.code ?? "");
  if (isLost && dotSent) throw new OutcomeUnknown(failure.reason, unknownOutcome(text), exit, error);
  throw new SubmissionFailed(failure.reason, text, exit, error);
}

/**
 * Returns the reply if the server has permanently rejected the credentials; undefined for any other error. The codes
 * 500 to 504 reject the command, not the credentials (RFC 5321, section 4.2.2).
 */
export function loginRejection(thrown: unknown): string | undefined {
  if (!types.isNativeError(thrown) || (thrown as SmtpError).code !== "EAUTH") return undefined;
  const reply = replyOnOneLine((thrown as SmtpError).response ?? "");
  return /^5(?!0[0-4])/.test(reply) ? reply : undefined;
}

function loginRefused(error: SmtpError, name: string): SubmissionFailed {
  const reply = replyOnOneLine(error.response ?? "");
  const words = reply === "" ? error.message : reply;
  const exit = reply.startsWith("4") ? Exit.TempFail : Exit.NoPerm;
  return new SubmissionFailed("login refused", `${name}: login failed: ${words}`, exit, error);
}

/** Returns the reason for an error if there was no reply. */
function toSubmissionFailure(error: SmtpError): DialogueFailure {
  if (error instanceof ProtocolError) return { reason: error.reason, detail: error.message };
  const tls = tlsFailure(error);
  switch (error.code) {
    case "ETIMEDOUT":
      if (error.timeoutType === "SOCKET_TIMEOUT") return { reason: "no reply", detail: "" };
      return { reason: error.timeoutType === "UPGRADE_TIMEOUT" ? "TLS timed out" : "no greeting", detail: "" };
    case "ECONNECTION":
      return { reason: "connection closed", detail: "" };
    case "EPROTOCOL":
      return { reason: "endless reply", detail: "" };
    case "EDNS":
      return { reason: "unknown host", detail: "" };
    case "EMESSAGE":
      return { reason: "message too large", detail: error.message };
    case "EENVELOPE":
      return { reason: "invalid envelope", detail: error.message };
  }
  if ("syscall" in error && error.originalCode !== undefined) {
    const detail = strerror(Object.assign(new Error(error.message), { code: error.originalCode }));
    return { reason: error.code === "ESTREAM" ? "message unreadable" : "system error", detail };
  }
  if (tls !== undefined) return tls;
  if (error.code === "ETLS") return { reason: "TLS failed", detail: "the server has closed the connection" };
  return { reason: error.code === "ESTREAM" ? "message unreadable" : "system error", detail: error.message };
}
