/** Opens a connection to a server: opens the socket, waits for the greeting, starts TLS and logs in. */
import type { Login } from "../connect/login.ts";
import { NoConnection, openSocket } from "../connect/socket.ts";
import { type Attempt, firstAttempt, type TlsServer, weakerAttempt } from "../connect/tls-policy.ts";
import type { Dialogue } from "./dialogue.ts";
import { exitOfReason } from "./failures.ts";
import { certificateProblem, isTlsError } from "./nodemailer/outcome-of-error.ts";
import { type Certificates, SmtpSession } from "./nodemailer/smtp-session.ts";
import { SubmissionFailed } from "./submission-errors.ts";
import { type ServerSettings, type ServerWay, serverName } from "./transport-settings.ts";

export interface ConnectionOptions extends ServerSettings {
  readonly server: ServerWay;
  /** Provides the credentials; undefined without a login. */
  readonly login: Login | undefined;
  /** Asks the user whether to accept a certificate despite the reason; returns false if there is no terminal. */
  readonly acceptCertificate: (reason: string) => Promise<boolean>;
}

/**
 * Connects, starts TLS and logs in.
 *
 * @throws nodemailer's errors (nodemailer/outcome-of-error.ts), or MailError for a local error
 */
export async function connect(options: ConnectionOptions, dialogue: Dialogue): Promise<SmtpSession> {
  const { server, timeouts, mailName, minVersion, login } = options;
  const authentication = login === undefined ? undefined : await import("./authentication.ts");
  const target = describeServer(server);
  for (let attempt: Attempt | undefined = firstAttempt(target, options); ; ) {
    dialogue.connecting(serverName(server));
    let session: SmtpSession | undefined;
    try {
      const { starttls, checksCertificate: checkCertificate } = attempt;
      const isEncrypted = starttls !== "none" || server.protocol === "smtps";
      const certificates = isEncrypted ? await loadCertificates(options) : undefined;
      const until = Date.now() + timeouts.connect;
      const socket = await openSocket(server, timeouts.connect).catch((error: unknown) => {
        throw error instanceof NoConnection ? noConnection(error, server) : error;
      });
      const loginHandlers = authentication?.handlers;
      const setup = Math.max(1, until - Date.now());
      const limits = { greeting: timeouts.connect, setup, silence: timeouts.silence };
      const kind = { server, mailName, starttls, certificates, minVersion, checkCertificate, loginHandlers };
      session = await SmtpSession.open(socket, { ...kind, timeouts: limits }, dialogue);
      if (login === undefined || (await authentication?.logIn(session, login, options, dialogue))) return session;
      session.close();
    } catch (error) {
      session?.close();
      attempt = await weakerAttempt(attempt, describeError(error, server), target, options, options.acceptCertificate);
      if (attempt === undefined) throw error;
      if (attempt.starttls === "none") dialogue.tlsFailed();
    }
  }
}

function describeServer({ protocol, host, socket, user }: ServerWay): TlsServer {
  return {
    host,
    socket,
    usesImplicitTls: protocol === "smtps",
    expectsTls: protocol === "submission",
    hasLogin: user !== undefined,
  };
}

function describeError(error: unknown, server: ServerWay) {
  const problem = certificateProblem(error, server.protocol);
  return {
    certificateProblem: problem === undefined ? undefined : `${serverName(server)}: ${problem}`,
    isTlsError: isTlsError(error),
  };
}

/** Loads the trusted certificates, and this client's certificate and key. */
async function loadCertificates(options: ConnectionOptions): Promise<Certificates> {
  const { loadAuthorities, loadClientCertificate } = await import("../connect/certificates.ts");
  const { clientCertificate } = options;
  return {
    authorities: await loadAuthorities(options),
    ...(clientCertificate === undefined ? {} : { client: loadClientCertificate(clientCertificate) }),
  };
}

function noConnection({ reason, message, cause }: NoConnection, server: ServerWay): SubmissionFailed {
  return new SubmissionFailed(reason, `${serverName(server)}: ${message}`, exitOfReason(reason), cause);
}
