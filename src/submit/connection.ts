/** One connection to a server, from the first packet to where a message can be sent: greeting, TLS, login. */
import { chooseMechanism } from "./authentication.ts";
import { authorities } from "./certificates.ts";
import type { Dialogue } from "./dialogue.ts";
import { SubmissionFailed } from "./errors.ts";
import { exitOfReason } from "./failures.ts";
import { isTlsError } from "./nodemailer/outcome-of-error.ts";
import { SmtpSession } from "./nodemailer/smtp-session.ts";
import type { ServerSettings, StartTls } from "./server-settings.ts";
import { NoConnection, openSocket } from "./socket.ts";
import { type ServerWay, serverName } from "./way.ts";

/** The settings of a connection, the server, and the password, which is asked for only if there is a login. */
export interface ConnectionOptions extends ServerSettings {
  readonly server: ServerWay;
  readonly password: (user: string, host: string) => Promise<string>;
}

/**
 * Connects, encrypts and logs in.
 *
 * @throws nodemailer's errors (nodemailer/outcome-of-error.ts), or MailError for a mistake on this side
 */
export async function connect(options: ConnectionOptions, dialogue: Dialogue): Promise<SmtpSession> {
  const { server } = options;
  const starttls = starttlsFor(options);
  try {
    return await openSession(options, dialogue, starttls);
  } catch (error) {
    // RFC 7435: if encryption is a bonus, a server that can't do it right is spoken to without.
    if (starttls !== "opportunistic" || server.user !== undefined || !isTlsError(error)) throw error;
    dialogue.tlsFailed();
    return openSession(options, dialogue, "none");
  }
}

async function openSession(options: ConnectionOptions, dialogue: Dialogue, starttls: StartTls): Promise<SmtpSession> {
  const { server, timeouts } = options;
  dialogue.connecting(serverName(server));
  const begun = Date.now();
  const socket = await openSocket(server, timeouts.connect).catch((error: unknown) => {
    throw error instanceof NoConnection ? noConnection(error, server) : error;
  });
  const session = await SmtpSession.open(
    socket,
    {
      server,
      mailName: options.mailName,
      starttls,
      authorities: starttls === "none" && server.protocol !== "smtps" ? undefined : await authorities(options.caFile),
      // Nobody is kept from listening by refusing to encrypt: without a login, the identity is not asked for.
      checkCertificate: options.checkCertificate && (starttls !== "opportunistic" || server.user !== undefined),
      timeouts: {
        greeting: timeouts.connect,
        setup: Math.max(1, timeouts.connect - (Date.now() - begun)),
        silence: timeouts.silence,
      },
    },
    dialogue,
  );
  try {
    if (server.user !== undefined) await logIn(session, options, dialogue, server.user);
    return session;
  } catch (error) {
    session.close();
    throw error;
  }
}

function noConnection({ reason, message, cause }: NoConnection, server: ServerWay): SubmissionFailed {
  return new SubmissionFailed(reason, `${serverName(server)}: ${message}`, exitOfReason(reason), cause);
}

async function logIn(session: SmtpSession, options: ConnectionOptions, dialogue: Dialogue, user: string) {
  const { server } = options;
  const method = chooseMechanism(dialogue.extension("AUTH"), options.mechanism, {
    safe: session.secure || isLoopback(server),
    server: serverName(server),
  });
  await session.logIn(method, user, await options.password(user, server.host));
}

function starttlsFor({ server, starttls }: ConnectionOptions): StartTls {
  if (server.protocol === "smtps" || server.socket !== undefined) return "none";
  if (starttls !== undefined) return starttls;
  if (isLoopback(server)) return server.user === undefined ? "none" : "opportunistic";
  return server.user !== undefined || server.protocol === "submission" ? "required" : "opportunistic";
}

/** Returns whether the server runs on this machine. */
export function isLoopback({ host, socket }: ServerWay): boolean {
  return socket !== undefined || host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}
