/** What nodemailer's errors mean: an outcome, where the server answered for the recipients, or why there is none. */
import { types } from "node:util";
import { Exit, type ExitCode, MailError } from "../errors.ts";
import { strerror } from "../system-error.ts";
import { OutcomeUnknown, SubmissionFailed } from "./errors.ts";
import { exitOf, oneLine } from "./replies.ts";
import { isCertificateFailure, tlsFailure } from "./tls-failure.ts";
import type { Envelope, Outcome, Refusal } from "./transport.ts";
import { type ServerWay, serverName } from "./way.ts";

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
  readonly server: ServerWay;
  /** Milliseconds: to be connected and greeted, and that the server may be silent. */
  readonly timeouts: { readonly connect: number; readonly silence: number };
}

/** @throws SubmissionFailed unless the server answered for the recipients, which is an outcome */
export function failure(
  thrown: unknown,
  envelope: Envelope,
  { dotSent, server: way, timeouts }: Circumstances,
): Outcome {
  const server = serverName(way);
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
    const refused = error.command === "STARTTLS" ? "STARTTLS was refused: " : "";
    throw new SubmissionFailed(`${server}: ${refused}${reply}`, exitOf(reply), error);
  }
  const reason = oneLine(reasonOf(error, timeouts, way));
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

function reasonOf(error: SmtpError, { connect, silence }: Circumstances["timeouts"], { protocol }: ServerWay): string {
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
  return tlsFailure(error, protocol) ?? error.message;
}

function exitOfCode(error: SmtpError): ExitCode {
  const { code } = error;
  if (code === "EDNS") return Exit.NoHost;
  if (code === "EMESSAGE") return Exit.Unavailable;
  if (code === "EENVELOPE") return Exit.DataErr;
  if ((code === "ETLS" || code === "ESOCKET") && isCertificateFailure(error)) return Exit.Unavailable;
  return code === "EPROTOCOL" ? Exit.Protocol : Exit.TempFail;
}
