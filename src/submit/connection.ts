/** Opens a connection to a server: socket, greeting, TLS and login. */
import { notify } from "../notices.ts";
import type { Dialogue } from "./dialogue.ts";
import { exitOfReason } from "./failures.ts";
import { certificateProblem, isTlsError } from "./nodemailer/outcome-of-error.ts";
import { type Certificates, SmtpSession } from "./nodemailer/smtp-session.ts";
import type { ServerSettings, StartTls } from "./server-settings.ts";
import { NoConnection, openSocket } from "./socket.ts";
import { SubmissionFailed } from "./submission-errors.ts";
import { type ServerWay, serverName } from "./way.ts";

/**
 * The server, the settings of the connection, and two functions: `password` returns the password, and is called only
 * for a login; `acceptCertificate` asks the user whether to use an invalid certificate.
 */
export interface ConnectionOptions extends ServerSettings {
  readonly server: ServerWay;
  readonly password: (request: { user: string; host: string; port: number }) => Promise<string>;
  /** Returns whether the user accepts a certificate despite the reason; false without a terminal. */
  readonly acceptCertificate: (reason: string) => Promise<boolean>;
}

/** How a connection is encrypted. Each attempt may be weaker than the previous one if the policy permits this. */
interface Attempt {
  readonly starttls: StartTls;
  readonly checksCertificate: boolean;
}

/**
 * Connects, starts TLS and logs in.
 *
 * @throws nodemailer's errors (nodemailer/outcome-of-error.ts), or MailError for a local error
 */
export async function connect(options: ConnectionOptions, dialogue: Dialogue): Promise<SmtpSession> {
  const { server } = options;
  for (let attempt: Attempt | undefined = firstAttempt(options); ; ) {
    dialogue.connecting(serverName(server));
    let session: SmtpSession | undefined;
    try {
      session = await openSession(options, attempt, dialogue);
      if (server.user !== undefined) await logIn(session, options, dialogue, server.user);
      return session;
    } catch (error) {
      session?.close();
      attempt = await weakerAttempt(options, attempt, error);
      if (attempt === undefined) throw error;
      if (attempt.starttls === "none") dialogue.tlsFailed();
    }
  }
}

function firstAttempt(options: ConnectionOptions): Attempt {
  const { server, certificateCheck } = options;
  const starttls = starttlsFor(options);
  // Opportunistic TLS accepts an invalid certificate, because the alternative is no encryption. A login requires a
  // valid one.
  const isOpportunistic = starttls === "opportunistic" && server.user === undefined;
  return { starttls, checksCertificate: certificateCheck !== "no" && !isOpportunistic };
}

/** Returns the next attempt after a failure; undefined if the policy permits none. */
async function weakerAttempt(
  options: ConnectionOptions,
  { starttls, checksCertificate }: Attempt,
  error: unknown,
): Promise<Attempt | undefined> {
  const { server, certificateCheck, allowsClearLogin } = options;
  const problem = certificateProblem(error, server.protocol);
  if (problem !== undefined && checksCertificate && certificateCheck !== "yes") {
    const text = `${serverName(server)}: ${problem}`;
    if (certificateCheck === "warn") notify(`${text}; the connection is used anyway`);
    else if (!(await options.acceptCertificate(text))) return undefined;
    return { starttls, checksCertificate: false };
  }
  // RFC 7435: opportunistic encryption falls back to plain text.
  const mayBeClear = server.user === undefined || (allowsClearLogin && problem === undefined);
  return starttls === "opportunistic" && mayBeClear && isTlsError(error)
    ? { starttls: "none", checksCertificate }
    : undefined;
}

async function openSession(
  options: ConnectionOptions,
  { starttls, checksCertificate }: Attempt,
  dialogue: Dialogue,
): Promise<SmtpSession> {
  const { server, timeouts, mailName, minVersion } = options;
  const authentication = server.user === undefined ? undefined : await import("./authentication.ts");
  const until = Date.now() + timeouts.connect;
  const socket = await openSocket(server, timeouts.connect).catch((error: unknown) => {
    throw error instanceof NoConnection ? noConnection(error, server) : error;
  });
  const isEncrypted = starttls !== "none" || server.protocol === "smtps";
  const settings = {
    server,
    mailName,
    starttls,
    certificates: isEncrypted ? await loadCertificates(options) : undefined,
    minVersion,
    checkCertificate: checksCertificate,
    loginHandlers: authentication?.handlers,
    timeouts: { greeting: timeouts.connect, setup: Math.max(1, until - Date.now()), silence: timeouts.silence },
  };
  return SmtpSession.open(socket, settings, dialogue);
}

/** Loads the trusted authorities, and the certificate of this client with its key. */
async function loadCertificates(options: ConnectionOptions): Promise<Certificates> {
  const { loadAuthorities, loadClientCertificate } = await import("./certificates.ts");
  const { clientCertificate } = options;
  return {
    authorities: await loadAuthorities(options),
    ...(clientCertificate === undefined ? {} : { client: loadClientCertificate(clientCertificate) }),
  };
}

function noConnection({ reason, message, cause }: NoConnection, server: ServerWay): SubmissionFailed {
  return new SubmissionFailed(reason, `${serverName(server)}: ${message}`, exitOfReason(reason), cause);
}

async function logIn(session: SmtpSession, options: ConnectionOptions, dialogue: Dialogue, user: string) {
  const { server, allowsClearLogin } = options;
  const { chooseMechanism } = await import("./authentication.ts");
  const isSafe = session.secure || isLoopback(server);
  const method = chooseMechanism(dialogue.extension("AUTH"), options.mechanism, {
    isSafe,
    allowsClearLogin,
    server: serverName(server),
  });
  if (!isSafe) notify(`${serverName(server)}: the connection is not encrypted; other people can read the login`);
  const password = method === "EXTERNAL" ? "" : await options.password({ user, host: server.host, port: server.port });
  await session.logIn(method, user, password);
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
