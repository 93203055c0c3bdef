/** What puts a server right, or a way to it. */
import { existsSync } from "node:fs";
import { Exit } from "../errors.ts";
import { isLoopback } from "../submit/connection.ts";
import type { FailureReason, LoginReason, SubmissionFailed, TlsReason } from "../submit/submission-errors.ts";
import type { Refusal } from "../submit/transport.ts";
import type { ServerWay } from "../submit/way.ts";
import { isSystemError } from "../system-error.ts";

/** The reasons that leave open whether a mail server listens there. */
type PlaceReason = Exclude<FailureReason, TlsReason | LoginReason | "not SMTP" | "no greeting" | "no reply">;

export const settingRemedy = "see mailrc(5) for what the variable takes";
const logIn = "log in: set mta=submission://USER@HOST, the password in ~/.netrc";

/** The facts besides the reason on which a remedy depends. */
interface Facts {
  /** The greeting, if the server has refused to talk. */
  readonly refusal: string | undefined;
  readonly isGreeted: boolean;
  readonly server: ServerWay;
}

/** Returns what to do about a server that cannot be used. */
export function connectionRemedy(
  { reason, exit, cause }: SubmissionFailed,
  { refusal, isGreeted, server }: Facts,
): string {
  if (exit === Exit.Config) return settingRemedy;
  if (refusal !== undefined) return refusal.startsWith("4") ? waiting : placeRemedy(server, cause);
  switch (reason) {
    case "no password":
      return "see mailrc(5) for netrc and passwordcommand";
    case "login not encrypted":
      return "set starttls=required";
    case "login not offered":
      return "take the user name out of mta, or see whether it is the port for logins (587)";
    case "password command failed":
    case "login refused":
    case "login mechanism unknown":
      return "see the user name in mta, and the password in ~/.netrc or of passwordcommand";
    case "certificate for another name":
      return "set mta to a host of that name, or let the server show a certificate for this one";
    case "certificate expired":
    case "certificate not yet valid":
      return "let the server show a new one; look at the clock of both machines";
    case "certificate not trusted":
      return "set cafile=FILE to the certificate of its authority, or of itself";
    case "no TLS on this port":
      if (server.protocol === "smtps") return "set mta=smtp://HOST:PORT, or the port of smtps, which is 465";
      return tlsRemedy(server);
    case "STARTTLS refused":
    case "no TLS in time":
    case "TLS failed":
      return tlsRemedy(server);
    case "not SMTP":
      return "no mail server listens there: see whether mta names the right port";
    case "no greeting":
    case "no reply":
      if (server.protocol !== "smtp" || isGreeted) return placeRemedy(server, cause);
      return "one that waits for TLS from the start says nothing either: set mta=smtps://HOST:PORT; else look into its log";
    default:
      reason satisfies PlaceReason;
      return placeRemedy(server, cause);
  }
}

const waiting = "try again later; see the server's log";

/** Returns what to do if it is not clear that a mail server listens there. */
function placeRemedy(server: ServerWay, cause: unknown): string {
  if (server.socket !== undefined) return "see whether mta names the socket of a server that runs, and who may open it";
  if (!isLoopback(server)) return "see whether mta names the right host and port";
  if (!isSystemError(cause)) return "look into its log; systemctl restart postfix";
  const start = existsSync("/usr/sbin/postfix") ? "systemctl start postfix" : "apt-get install postfix";
  return `${start}, or run maild and set mta=smtp://localhost:PORT`;
}

function tlsRemedy({ protocol }: ServerWay): string {
  if (protocol !== "smtps") return "let the server have a certificate; set starttls=none, where nobody else can listen";
  return "look into its log; openssl s_client -connect HOST:PORT shows what it says";
}

/** Returns what to do if a server refuses the sender with this reply. */
export function senderRemedy(reply: string): string {
  if (/STARTTLS/.test(reply)) return "set starttls=required";
  if (/^53[05]|authenticat/i.test(reply)) return logIn;
  return reply.startsWith("4") ? waiting : "see /etc/mailname and the variable from";
}

/** Returns what to do if a server refuses the recipient. */
export function recipientRemedy({ reply, exit }: Refusal): string {
  if (exit === Exit.TempFail) return waiting;
  if (/relay|access denied|authenticat|client host rejected/i.test(reply)) {
    return `it takes no mail for others from here; ${logIn}`;
  }
  if (exit === Exit.NoHost) return "see whether the domain is right";
  return "see whether the name is right (getent passwd, /etc/aliases)";
}
