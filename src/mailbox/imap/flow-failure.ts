/** Classifies the errors that come from imapflow, from Node, and from servers that refuse a command. */
import { strerror } from "../../system-error.ts";
import { type ImapFailed, type ImapReason, reasonOfCode } from "./imap-failure.ts";
import { type ConnectionSettings, type FlowError, isRefusal, makeFailure, onOneLine } from "./imap-flow.ts";
import { findCode } from "./imap-grammar.ts";

const closed = ["connection closed", "the server has closed the connection"] as const;
const tooLarge = ["response too large", "a response is too large; the connection was closed"] as const;
const ofErrorCode: Readonly<Record<string, readonly [ImapReason, string]>> = {
  NoConnection: closed,
  EConnectionClosed: closed,
  ClosedAfterConnectTLS: closed,
  ClosedAfterConnectText: closed,
  ECONNRESET: closed,
  EPIPE: closed,
  CONNECT_TIMEOUT: ["no connection", "Connection timed out"],
  GREETING_TIMEOUT: ["no greeting", "the server sent no greeting in time"],
  UPGRADE_TIMEOUT: ["TLS timed out", "TLS was not established in time"],
  ETIMEOUT: ["no reply", "the server did not respond in time; the connection was closed"],
  LiteralTooLarge: tooLarge,
  LineTooLarge: tooLarge,
  ResponseTooLarge: tooLarge,
  TooManyTokens: tooLarge,
};

/**
 * Converts an error to `ImapFailed`, with a typed reason.
 *
 * @param byeReason the text of the server's BYE, if the server has ended the session
 */
export function explainFlowError(
  error: FlowError,
  settings: ConnectionSettings,
  byeReason: string | undefined,
): ImapFailed {
  if (isRefusal(error)) {
    const reason = reasonOfCode(findCode(error.response)?.name) ?? "refused";
    return makeFailure(settings, reason, onOneLine(error.responseText ?? error.message), error);
  }
  // Errors from Node's TLS also have a `reason`, which does not come from the server.
  const bye = byeReason ?? (/^NoConnection|^ClosedAfter/.test(error.code ?? "") ? error.reason : undefined);
  if (bye !== undefined)
    return makeFailure(settings, "closed by the server", `the server has closed the session: ${onOneLine(bye)}`, error);
  const tls = settings.explainTls(error);
  if (error.code === "STARTTLS_INJECTION")
    return makeFailure(settings, "STARTTLS injected", "data was inserted before TLS; the login was not sent", error);
  if (tls !== undefined) return makeFailure(settings, tls.reason, tls.detail, error);
  const known = Object.hasOwn(ofErrorCode, error.code ?? "") ? ofErrorCode[error.code ?? ""] : undefined;
  if (known !== undefined) return makeFailure(settings, known[0], known[1], error);
  if (/^(?:ENOTFOUND|EAI_)/.test(error.code ?? "")) return makeFailure(settings, "unknown host", "No such host", error);
  if (/^E[A-Z]+$/.test(error.code ?? "")) return makeFailure(settings, "no connection", strerror(error), error);
  if (/^Parser|^MAX_IMAP/.test(error.code ?? ""))
    return makeFailure(settings, "malformed response", "a response is not valid IMAP", error);
  return makeFailure(settings, "unexpected reply", onOneLine(error.message), error);
}
