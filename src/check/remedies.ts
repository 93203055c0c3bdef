/** What puts a server right, or a way to it. */
import { existsSync } from "node:fs";
import { Exit, type MailError } from "../errors.ts";
import { isLoopback } from "../submit/connection.ts";
import type { Refusal } from "../submit/transport.ts";
import type { ServerWay } from "../submit/way.ts";
import { isSystemError } from "../system-error.ts";

export const settingRemedy = "see mailrc(5) for what the variable takes";
const logIn = "log in: set mta=submission://USER@HOST, the password in ~/.netrc";

/** @param where "server", "TLS" or "login" */
export function connectionRemedy(
  where: string,
  { text: message, error, greeted }: { text: string; error: MailError; greeted: boolean },
  server: ServerWay,
): string {
  if (error.exit === Exit.Config) return settingRemedy;
  if (where === "login") return loginRemedy(message);
  if (where === "TLS") return tlsRemedy(message, server);
  if (/no reply of SMTP/.test(message)) return "no mail server listens there: see whether mta names the right port";
  if (server.protocol === "smtp" && !greeted && /no \w+ within/.test(message)) {
    return "one that waits for TLS from the start says nothing either: set mta=smtps://HOST:PORT; else look into its log";
  }
  if (/says: 4\d\d/.test(message)) return "try again later; see the server's log";
  if (server.socket !== undefined) return "see whether mta names the socket of a server that runs, and who may open it";
  if (!isLoopback(server)) return "see whether mta names the right host and port";
  if (!isSystemError(error.cause)) return "look into its log; systemctl restart postfix";
  const start = existsSync("/usr/sbin/postfix") ? "systemctl start postfix" : "apt-get install postfix";
  return `${start}, or run maild and set mta=smtp://localhost:PORT`;
}

function loginRemedy(message: string): string {
  if (/no password for/.test(message)) return "see mailrc(5) for netrc and passwordcommand";
  if (/unencrypted/.test(message)) return "set starttls=required";
  if (/takes no login/.test(message))
    return "take the user name out of mta, or see whether it is the port for logins (587)";
  return "see the user name in mta, and the password in ~/.netrc or of passwordcommand";
}

function tlsRemedy(message: string, { protocol }: ServerWay): string {
  if (/another name/.test(message))
    return "set mta to a host of that name, or let the server show a certificate for this one";
  if (/expired|not valid yet/.test(message)) return "let the server show a new one; look at the clock of both machines";
  if (/not trusted/.test(message)) return "set cafile=FILE to the certificate of its authority, or of itself";
  if (protocol !== "smtps") return "let the server have a certificate; set starttls=none, where nobody else can listen";
  if (/no TLS there/.test(message)) return "set mta=smtp://HOST:PORT, or the port of smtps, which is 465";
  return "look into its log; openssl s_client -connect HOST:PORT shows what it says";
}

export function senderRemedy(reply: string): string {
  if (/STARTTLS/.test(reply)) return "set starttls=required";
  if (/^53[05]|authenticat/i.test(reply)) return logIn;
  return reply.startsWith("4") ? "try again later; see the server's log" : "see /etc/mailname and the variable from";
}

export function recipientRemedy({ reply, exit }: Refusal): string {
  if (exit === Exit.TempFail) return "try again later; see the server's log";
  if (/relay|access denied|authenticat|client host rejected/i.test(reply)) {
    return `it takes no mail for others from here; ${logIn}`;
  }
  if (exit === Exit.NoHost) return "see whether the domain is right";
  return "see whether the name is right (getent passwd, /etc/aliases)";
}
