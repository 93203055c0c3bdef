/** One connection to a server, from the first packet to where a message can be sent: greeting, TLS, login. */
import type { Socket } from "node:net";
import { Exit } from "../errors.ts";
import { chooseMechanism, handlers } from "./authentication.ts";
import { authorities } from "./certificates.ts";
import type { Dialogue } from "./dialogue.ts";
import { SubmissionFailed } from "./errors.ts";
import type { SmtpSession } from "./smtp-session.ts";
import { NoConnection, openSocket } from "./socket.ts";
import { type ServerWay, serverName } from "./way.ts";

export type StartTls = "required" | "opportunistic" | "none";

export interface ConnectionOptions {
  readonly server: ServerWay;
  /** How we name ourselves in EHLO. */
  readonly name: string;
  /** Milliseconds: to be connected and greeted, and that the server may be silent. */
  readonly timeouts: { readonly connect: number; readonly silence: number };
  /** What is asked of STARTTLS; where nothing is said it follows from the server. */
  readonly starttls: StartTls | undefined;
  /** A file of certificates that are trusted beside the system's; see certificates.ts. */
  readonly caFile: string | undefined;
  /** Certificates are checked, unless this says not. */
  readonly checkCertificate: boolean;
  readonly mechanism: string | undefined;
  /** Asked for only when there is a login. */
  readonly password: (user: string, host: string) => Promise<string>;
}

export type Connection = SmtpSession;

/** @throws what nodemailer does, or MailError for what is wrong on this side */
export async function connect(options: ConnectionOptions, dialogue: Dialogue): Promise<Connection> {
  const { server } = options;
  const tls = tlsOf(options);
  try {
    return await connected(options, dialogue, tls);
  } catch (error) {
    // RFC 7435: where encryption is a bonus, a server that can't do it right is spoken to without.
    if (tls !== "opportunistic" || server.user !== undefined || (error as { code?: string }).code !== "ETLS")
      throw error;
    dialogue.note("TLS failed; once more without");
    return connected(options, dialogue, "none");
  }
}

/** @throws SubmissionFailed */
async function socketTo(server: ServerWay, timeout: number): Promise<Socket> {
  try {
    return await openSocket(server, timeout);
  } catch (error) {
    if (!(error instanceof NoConnection)) throw error;
    const exit = error.unknownHost ? Exit.NoHost : Exit.TempFail;
    throw new SubmissionFailed(`${serverName(server)}: ${error.message}`, exit, error.cause);
  }
}

async function connected(options: ConnectionOptions, dialogue: Dialogue, starttls: StartTls): Promise<Connection> {
  const { SmtpSession } = await import("./smtp-session.ts");
  const { server, timeouts } = options;
  dialogue.phase("Connection");
  dialogue.note(`Connecting to ${serverName(server)}`);
  const begun = Date.now();
  const socket = await socketTo(server, timeouts.connect);
  const settings = {
    connection: socket,
    host: server.host,
    // Else it asks for the host whether it is an address of IPv6, with an expression that takes 3 ms to compile.
    ...(isName(server.host) ? { servername: server.host } : {}),
    port: server.port,
    name: options.name,
    lmtp: server.protocol === "lmtp",
    secure: server.protocol === "smtps",
    ignoreTLS: starttls === "none",
    requireTLS: starttls === "required",
    opportunisticTLS: starttls === "opportunistic",
    tls: {
      ...(starttls === "none" && server.protocol !== "smtps" ? {} : { ca: await authorities(options.caFile) }),
      // Nobody is kept from listening by refusing to encrypt: without a login, the identity is not asked for.
      rejectUnauthorized: options.checkCertificate && (starttls !== "opportunistic" || server.user !== undefined),
    },
    connectionTimeout: Math.max(1, timeouts.connect - (Date.now() - begun)),
    greetingTimeout: timeouts.connect,
    socketTimeout: timeouts.silence,
    socketCloseTimeout: 0,
    customAuth: handlers,
    logger: dialogue.logger() as never,
    transactionLog: true,
  };
  const connection = new SmtpSession(settings, dialogue);
  try {
    await new Promise<void>((resolve, reject) => {
      connection.once("error", reject);
      connection.connect((error?: Error | null) => (error ? reject(error) : resolve()));
    });
    // Later errors come through the callbacks as well.
    connection.on("error", () => {});
    if (server.user !== undefined) await logIn(connection, options, dialogue, server.user);
    return connection;
  } catch (error) {
    connection.on("error", () => {});
    connection.close();
    throw error;
  }
}

async function logIn(connection: Connection, options: ConnectionOptions, dialogue: Dialogue, user: string) {
  const { server, mechanism } = options;
  const method = chooseMechanism(dialogue.extension("AUTH"), mechanism, {
    safe: connection.secure || isLoopback(server),
    server: serverName(server),
  });
  const pass = await options.password(user, server.host);
  await new Promise<void>((resolve, reject) => {
    // Credentials at the top too: without them nodemailer chooses another mechanism than the one that is named.
    const credentials = { user, pass };
    connection.login({ method, user, pass, credentials, ...tokenOf(method) }, (error) =>
      error ? reject(error) : resolve(),
    );
  });
}

/** nodemailer takes XOAUTH2 for named only beside an object of its own kind; the handler of ours does not use it. */
function tokenOf(method: string): { oauth2?: never } {
  return method === "XOAUTH2" ? { oauth2: {} as never } : {};
}

function tlsOf({ server, starttls }: ConnectionOptions): StartTls {
  if (server.protocol === "smtps" || server.socket !== undefined) return "none";
  if (starttls !== undefined) return starttls;
  if (isLoopback(server)) return server.user === undefined ? "none" : "opportunistic";
  return server.user !== undefined || server.protocol === "submission" ? "required" : "opportunistic";
}

function isName(host: string): boolean {
  return /[a-z]/i.test(host) && !host.includes(":");
}

export function isLoopback({ host, socket }: ServerWay): boolean {
  return socket !== undefined || host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}
