/** What nodemailer's errors mean: an outcome, where the server answered for the recipients, or why there is none. */
import { types } from "node:util";
import { Exit, type ExitCode, MailError } from "../errors.ts";
import { strerror } from "../system-error.ts";
import { OutcomeUnknown, SubmissionFailed } from "./errors.ts";
import { exitOf, oneLine } from "./replies.ts";
import type { Envelope, Outcome, Refusal } from "./transport.ts";

/** What nodemailer's errors carry besides their message. */
export interface SmtpError extends Error {
  code?: string | undefined;
  originalCode?: string | undefined;
  command?: string | undefined;
  response?: string | undefined;
  recipient?: string | undefined;
  rejectedErrors?: SmtpError[] | undefined;
}

export function refusal(error: SmtpError): Refusal {
  const reply = oneLine(error.response ?? error.message);
  return { recipient: error.recipient ?? "", reply, exit: exitOf(reply) };
}

/** What is said of whoever may have got the message. */
export function unknownOutcome(reason: string): string {
  return `${reason}; the outcome is unknown: the message may have been accepted`;
}

export interface Circumstances {
  /** The whole message and what ends it were sent: only a reply says what became of it. */
  readonly dotSent: boolean;
  /** As messages name it. */
  readonly server: string;
  /** Milliseconds: to be connected and greeted, and that the server may be silent. */
  readonly timeouts: { readonly connect: number; readonly silence: number };
}

/** @throws SubmissionFailed unless the server answered for the recipients, which is an outcome */
export function failure(thrown: unknown, envelope: Envelope, { dotSent, server, timeouts }: Circumstances): Outcome {
  if (thrown instanceof SubmissionFailed) throw thrown;
  if (thrown instanceof MailError) throw new SubmissionFailed(thrown.message, thrown.exit, thrown);
  if (!types.isNativeError(thrown)) throw thrown;
  const error: SmtpError = thrown;
  if (error.rejectedErrors !== undefined && error.rejectedErrors.length > 0) {
    return { accepted: [], refused: error.rejectedErrors.map(refusal) };
  }
  if (error.code === "EAUTH") throw loginFailed(error, server);
  const lost = ["ECONNECTION", "ETIMEDOUT", "ESOCKET", "ETLS", "EPROTOCOL"].includes(error.code ?? "");
  if (error.response !== undefined && error.response !== "") {
    const reply = oneLine(error.response);
    if (dotSent && !/^[45]/.test(reply)) throw new OutcomeUnknown(unknownOutcome(`${server}: ${reply}`), Exit.Protocol);
    if (!["CONN", "EHLO", "HELO", "LHLO", "STARTTLS"].includes(error.command ?? "")) {
      return { accepted: [], refused: envelope.to.map((recipient) => ({ recipient, reply, exit: exitOf(reply) })) };
    }
    throw new SubmissionFailed(`${server}: ${reply}`, exitOf(reply), error);
  }
  const reason = oneLine(reasonOf(error, timeouts));
  if (lost && dotSent) throw new OutcomeUnknown(unknownOutcome(`${server}: ${reason}`), exitOfCode(error), error);
  throw new SubmissionFailed(`${server}: ${reason}`, exitOfCode(error), error);
}

function loginFailed(error: SmtpError, server: string): SubmissionFailed {
  const reply = oneLine(error.response ?? "");
  const words = reply === "" ? error.message : reply;
  return new SubmissionFailed(
    `${server}: login failed: ${words}`,
    reply.startsWith("4") ? Exit.TempFail : Exit.NoPerm,
    error,
  );
}

function reasonOf(error: SmtpError, { connect, silence }: Circumstances["timeouts"]): string {
  if (error.code === "ETIMEDOUT") {
    if (error.message === "Timeout") return `no reply within ${silence / 1000} s (smtptimeout)`;
    const awaited = /TLS/.test(error.message) ? "TLS" : "greeting";
    return `no ${awaited} within ${connect / 1000} s (smtpconnecttimeout)`;
  }
  if (error.code === "ECONNECTION" && /closed unexpectedly/.test(error.message)) {
    return "the server has closed the connection";
  }
  if (/exceeds maximum allowed size/.test(error.message)) return "its reply has no end";
  if ("syscall" in error && error.originalCode !== undefined) {
    return strerror(Object.assign(new Error(error.message), { code: error.originalCode }));
  }
  if (error.code === "EDNS" || /ENOTFOUND|EAI_AGAIN/.test(error.message)) return "No such host";
  if (isCertificate(error)) {
    const reason = error.message.replace(/^Error initiating TLS - /, "");
    return `its certificate is not trusted (${reason}); -S cafile=FILE names one more authority`;
  }
  // OpenSSL's own text names its source files.
  const [, ssl] = /:SSL routines:[^:]*:([^:]+):/.exec(error.message) ?? [];
  if (ssl === "wrong version number") return "no TLS there: smtps:// wants it from the start, smtp:// does not";
  if (ssl !== undefined) return `TLS failed: ${ssl}`;
  return error.message;
}

function isCertificate({ code, originalCode = "", message }: SmtpError): boolean {
  if (!["ETLS", "ESOCKET"].includes(code ?? "")) return false;
  return /CERT|SELF_SIGNED|UNABLE_TO|ALTNAME/.test(originalCode) || /certificate|altnames/i.test(message);
}

function exitOfCode(error: SmtpError): ExitCode {
  const { code } = error;
  if (code === "EDNS") return Exit.NoHost;
  if (code === "EMESSAGE") return Exit.Unavailable;
  if (code === "EENVELOPE") return Exit.DataErr;
  if (isCertificate(error)) return Exit.Unavailable;
  return code === "EPROTOCOL" ? Exit.Protocol : Exit.TempFail;
}
