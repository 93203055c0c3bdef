/** Opens a connection to a server: socket, greeting, TLS and login. */
import type { Dialogue } from "./dialogue.ts";
import { exitOfReason } from "./failures.ts";
import { isTlsError } from "./nodemailer/outcome-of-error.ts";
import { SmtpSession } from "./nodemailer/smtp-session.ts";
import type { ServerSettings, StartTls } from "./server-settings.ts";
import { NoConnection, openSocket } from "./socket.ts";
import { SubmissionFailed } from "./submission-errors.ts";
import { type ServerWay, serverName } from "./way.ts";

/**
 * The server, the settings of the connection, and a function that returns the password and is called only for a
 * login.
 */
export interface ConnectionOptions extends ServerSettings {
  readonly server: ServerWay;
  readonly password: (user: string, host: string) => Promise<string>;
}

/**
 * Connects, starts TLS and logs in.
 *
 * @throws nodemailer's errors (nodemailer/outcome-of-error.ts), or MailError for a local error
 */
export async function connect(options: ConnectionOptions, dialogue: Dialogue): Promise<SmtpSession> {
  const { server, timeouts, mailName } = options;
  const isAnonymous = server.user === undefined;
  const authentication = isAnonymous ? undefined : await import("./authentication.ts");
  for (let starttls = starttlsFor(options); ; starttls = "none") {
    dialogue.connecting(serverName(server));
    const until = Date.now() + timeouts.connect;
    const socket = await openSocket(server, timeouts.connect).catch((error: unknown) => {
      throw error instanceof NoConnection ? noConnection(error, server) : error;
    });
    const isEncrypted = starttls !== "none" || server.protocol === "smtps";
    const settings = {
      server,
      mailName,
      starttls,
      authorities: isEncrypted ? await loadTrustedAuthorities(options) : undefined,
      // Opportunistic TLS accepts an invalid certificate, because the alternative is no encryption. A login requires
      // a valid one.
      checkCertificate: options.checkCertificate && !(starttls === "opportunistic" && isAnonymous),
      loginHandlers: authentication?.handlers,
      timeouts: { greeting: timeouts.connect, setup: Math.max(1, until - Date.now()), silence: timeouts.silence },
    };
    let session: SmtpSession | undefined;
    try {
      session = await SmtpSession.open(socket, settings, dialogue);
      if (server.user !== undefined) await logIn(session, options, dialogue, server.user);
      return session;
    } catch (error) {
      session?.close();
      // RFC 7435: opportunistic encryption falls back to plain text.
      if (starttls !== "opportunistic" || !isAnonymous || !isTlsError(error)) throw error;
      dialogue.tlsFailed();
    }
  }
}

async function loadTrustedAuthorities({ caFile }: ConnectionOptions): Promise<string[]> {
  const { loadAuthorities } = await import("./certificates.ts");
  return loadAuthorities(caFile);
}

function noConnection({ reason, message, cause }: NoConnection, server: ServerWay): SubmissionFailed {
  return new SubmissionFailed(reason, `${serverName(server)}: ${message}`, exitOfReason(reason), cause);
}

async function logIn(session: SmtpSession, options: ConnectionOptions, dialogue: Dialogue, user: string) {
  const { server } = options;
  const { chooseMechanism } = await import("./authentication.ts");
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
