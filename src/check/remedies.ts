/** Remedies for a server, or for the connection to it. */
import { existsSync } from "node:fs";
import type { LoginReason } from "../connect/login.ts";
import { isLoopback } from "../connect/socket.ts";
import type { TlsReason } from "../connect/tls-failure.ts";
import { Exit } from "../errors.ts";
import type { FailureReason, SubmissionFailed } from "../submit/submission-errors.ts";
import type { Refusal } from "../submit/transport.ts";
import type { ServerWay } from "../submit/way.ts";
import { isSystemError } from "../system-error.ts";

/** The reasons that do not show whether a mail server is listening. */
type PlaceReason = Exclude<FailureReason, TlsReason | LoginReason | "not SMTP" | "no greeting" | "no reply">;

export const settingRemedy = "see mailrc(5) for the values of the variable";
const logIn = "to log in, set mta=submission://USER@HOST and put the password in ~/.netrc";

/** The facts, besides the reason, that determine a remedy. */
interface Facts {
  /** The greeting, if the server used it to refuse the connection. */
  readonly refusal: string | undefined;
  readonly isGreeted: boolean;
  readonly server: ServerWay;
}

/** Returns the remedy for a server that cannot be used. */
export function connectionRemedy(
  { reason, exit, cause }: SubmissionFailed,
  { refusal, isGreeted, server }: Facts,
): string {
  if (exit === Exit.Config) return settingRemedy;
  if (refusal !== undefined) return refusal.startsWith("4") ? waiting : placeRemedy(server, cause);
  switch (reason) {
    case "no password":
      return "see mailrc(5) for netrc and passwordcommand";
    case "no token":
      return "run mail --login ACCOUNT";
    case "login not encrypted":
      return "set starttls=required";
    case "login not offered":
      return "remove the user name from mta, or check whether the port is the one for logins (587)";
    case "password command failed":
    case "login refused":
    case "login mechanism unknown":
      return "check the user name in mta, and the password from ~/.netrc or passwordcommand";
    case "certificate for another name":
      return "set mta to a host of that name, or install a certificate for this name on the server";
    case "certificate expired":
    case "certificate not yet valid":
      return "install a new certificate on the server; check the clocks of both machines";
    case "certificate not trusted":
      return "set cafile=FILE; FILE contains the server's certificate or that of its authority";
    case "no TLS on this port":
      if (server.protocol === "smtps") return "set mta=smtp://HOST:PORT, or use the smtps port, which is 465";
      return tlsRemedy(server);
    case "STARTTLS refused":
    case "no TLS in time":
    case "TLS failed":
      return tlsRemedy(server);
    case "not SMTP":
      return "no mail server is listening there; check the port in mta";
    case "no greeting":
    case "no reply":
      if (server.protocol !== "smtp" || isGreeted) return placeRemedy(server, cause);
      return "if the server expects TLS from the start, set mta=smtps://HOST:PORT; otherwise check its log";
    default:
      reason satisfies PlaceReason;
      return placeRemedy(server, cause);
  }
}

const waiting = "try again later; see the server's log";

/** Returns the remedy if it is not clear whether a mail server is listening. */
function placeRemedy(server: ServerWay, cause: unknown): string {
  if (server.socket !== undefined)
    return "check whether mta names the socket of a running server, and whether you may open it";
  if (!isLoopback(server)) return "check the host and port in mta";
  if (!isSystemError(cause)) return "check its log; systemctl restart postfix";
  const start = existsSync("/usr/sbin/postfix") ? "systemctl start postfix" : "apt-get install postfix";
  return `${start}, or run maild and set mta=smtp://localhost:PORT`;
}

function tlsRemedy({ protocol }: ServerWay): string {
  if (protocol !== "smtps")
    return "install a certificate on the server, or set starttls=none if the connection cannot be intercepted";
  return "check its log; openssl s_client -connect HOST:PORT shows the handshake";
}

/** Returns the remedy if a server refuses the sender with this response. */
export function senderRemedy(reply: string): string {
  if (/STARTTLS/.test(reply)) return "set starttls=required";
  if (/^53[05]|authenticat/i.test(reply)) return logIn;
  return reply.startsWith("4") ? waiting : "check /etc/mailname and the variable from";
}

/** Returns the remedy if a server refuses the recipient. */
export function recipientRemedy({ reply, exit }: Refusal): string {
  if (exit === Exit.TempFail) return waiting;
  if (/relay|access denied|authenticat|client host rejected/i.test(reply)) {
    return `it does not relay mail from this machine; ${logIn}`;
  }
  if (exit === Exit.NoHost) return "check the domain";
  return "check the name (getent passwd, /etc/aliases)";
}
