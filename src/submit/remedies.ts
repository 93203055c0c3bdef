/** Suggests remedies for a failed submission, or for problems with a server or the connection to it. */
import { existsSync } from "node:fs";
import { isLoopback } from "../connect/socket.ts";
import { Exit } from "../errors.ts";
import { findUsualRemedy } from "../reasons.ts";
import { isSystemError } from "../system-error.ts";
import { OutcomeUnknown, SubmissionFailed } from "./submission-errors.ts";
import type { Refusal } from "./transport.ts";
import type { ServerWay, Way } from "./transport-settings.ts";

const logIn = "to log in, set mta=submission://USER@HOST and put the password in ~/.netrc";

/** The information, apart from the error, that determines a remedy. */
interface Facts {
  readonly way: Way;
  /** The greeting, if the server used it to refuse the connection. */
  readonly refusal?: string | undefined;
  readonly isGreeted?: boolean;
}

/** Returns the remedy for a failed submission, or for a server that cannot be used. */
export function submissionRemedy(error: SubmissionFailed, { way, refusal, isGreeted = false }: Facts): string {
  const { reason, exit } = error;
  if (error instanceof OutcomeUnknown) return findUsualRemedy("outcome unknown");
  if (exit === Exit.Config) return findUsualRemedy("invalid setting");
  if (refusal !== undefined) return refusal.startsWith("4") ? waiting : placeRemedy(way, error);
  switch (reason) {
    case "login not encrypted":
      return "set starttls=required";
    case "login not offered":
      return "remove the user name from mta, or check whether the port accepts logins, as 587 does";
    case "password command failed":
    case "login refused":
    case "login mechanism unknown":
      return "check the user name in mta, and the password from ~/.netrc or passwordcommand";
    case "certificate for another name":
      return "set mta to a host that is named in the certificate, or install a certificate for this host on the server";
    case "no TLS on this port":
      if (isImplicitTls(way)) return "set mta=smtp://HOST:PORT, or use the smtps port, which is 465";
      return tlsRemedy(way);
    case "STARTTLS refused":
    case "TLS timed out":
    case "TLS failed":
      return tlsRemedy(way);
    case "no greeting":
    case "no reply":
      if (way.kind !== "smtp" || way.protocol !== "smtp" || isGreeted) return placeRemedy(way, error);
      return "if the server expects TLS from the start, set mta=smtps://HOST:PORT; otherwise check the server's log";
    case "refused":
    case "unknown host":
    case "no connection":
    case "connection closed":
    case "endless reply":
    case "unexpected reply":
    case "system error":
      return placeRemedy(way, error);
    case "interrupted":
      return "send the message again";
    default:
      return findUsualRemedy(reason);
  }
}

const waiting = "try again later; see the server's log";

/** Returns the remedy if it is unclear whether a mail server is listening. */
function placeRemedy(way: Way, error: SubmissionFailed): string {
  if (way.kind !== "smtp") return findUsualRemedy("system error");
  if (error.exit === Exit.TempFail && error.reason === "refused") return waiting;
  return serverRemedy(way, rootCause(error));
}

function serverRemedy(server: ServerWay, cause: unknown): string {
  if (server.socket !== undefined)
    return "check whether mta names the socket of a running server, and whether you may open it";
  if (!isLoopback(server)) return "check the host and port in mta";
  if (!isSystemError(cause)) return "check the server's log; systemctl restart postfix";
  const start = existsSync("/usr/sbin/postfix") ? "systemctl start postfix" : "apt-get install postfix";
  return `${start}, or run maild and set mta=smtp://localhost:PORT`;
}

function rootCause({ cause }: SubmissionFailed): unknown {
  return cause instanceof SubmissionFailed ? rootCause(cause) : cause;
}

function isImplicitTls(way: Way): boolean {
  return way.kind === "smtp" && way.protocol === "smtps";
}

function tlsRemedy(way: Way): string {
  if (!isImplicitTls(way))
    return "install a certificate on the server, or set starttls=none if the connection cannot be intercepted";
  return findUsualRemedy("TLS failed");
}

/** Returns the remedy if a server refuses the sender with this response. */
export function senderRemedy(reply: string): string {
  if (/STARTTLS/.test(reply)) return "set starttls=required";
  if (/^53[05]|authenticat/i.test(reply)) return logIn;
  return reply.startsWith("4") ? waiting : "check /etc/mailname and the from variable";
}

/** Returns the remedy for the refusal of a recipient. */
export function recipientRemedy({ reply, exit, unknown }: Refusal): string {
  if (unknown === true) return findUsualRemedy("outcome unknown");
  if (exit === Exit.TempFail) return waiting;
  if (/relay|access denied|authenticat|client host rejected/i.test(reply)) {
    return `the server does not relay mail from this machine; ${logIn}`;
  }
  if (exit === Exit.NoHost) return "check the domain";
  return findUsualRemedy("unknown user");
}
