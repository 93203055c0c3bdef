/**
 * Opens a connection to an IMAP server. The rules for TLS, certificates and the login are the same for all protocols.
 */
import { acceptsTls } from "../../connect/accepts-tls.ts";
import { loadAuthorities, loadClientCertificate } from "../../connect/certificates.ts";
import type { Credentials } from "../../connect/login.ts";
import { type SaslMechanism, saslMechanisms, sendsToken, startExchange } from "../../connect/sasl.ts";
import { isLoopback } from "../../connect/socket.ts";
import { describeTlsFailure, isCertificateReason, tlsFailure } from "../../connect/tls-failure.ts";
import { type Attempt, firstAttempt, type TlsServer, weakerAttempt } from "../../connect/tls-policy.ts";
import { Exit, joinAlternatives, MailError } from "../../errors.ts";
import { notify } from "../../notices.ts";
import type { AccessServer, AccountAccess, ServerAccess, ServerAddress } from "../server-access.ts";
import { parseServerAddress } from "../server-address.ts";
import { ImapConnection } from "./imap-connection.ts";
import { ImapFailed, type ImapReason } from "./imap-failure.ts";
import { type ConnectionSettings, type LoginOffer, makeFailure } from "./imap-flow.ts";

/**
 * Time in milliseconds after which a port that has sent no greeting is suspected of using TLS from the start. It is at
 * most a quarter of the time limit for connections.
 */
const longestSilence = 3000;

/**
 * Returns the address in a mailbox name, and the user and the settings for its server.
 *
 * @throws MailError for an invalid address or setting
 */
export async function findAccess(
  name: string,
  accessServer: AccessServer | undefined,
): Promise<AccountAccess & { readonly address: ServerAddress }> {
  const address = parseServerAddress(name);
  if (accessServer === undefined)
    throw new MailError(`${name}: a mailbox on a server cannot be opened here`, Exit.Usage);
  return { address, ...(await accessServer(address)) };
}

/**
 * Connects, starts TLS and logs in.
 *
 * @param signal abandons the attempt
 * @throws ImapFailed, MailError for an invalid setting or a missing password, or the signal's reason
 */
export async function openConnection(
  address: ServerAddress,
  access: ServerAccess,
  signal?: AbortSignal,
): Promise<ImapConnection> {
  const target: TlsServer = {
    host: address.host,
    usesImplicitTls: address.protocol === "imaps",
    expectsTls: true,
    hasLogin: true,
  };
  let renewals = 0;
  for (let attempt: Attempt | undefined = firstAttempt(target, access.tls); ; ) {
    try {
      return await connectOnce(address, access, attempt, signal);
    } catch (error) {
      if (error instanceof TokenRenewed && renewals++ === 0) continue;
      const reason = error instanceof ImapFailed ? error.reason : undefined;
      const failed = {
        certificateProblem: reason !== undefined && isCertificateReason(reason) ? (error as Error).message : undefined,
        isTlsError: reason !== undefined && tlsReasons.includes(reason),
      };
      attempt = await weakerAttempt(attempt, failed, target, access.tls, access.acceptCertificate);
      if (attempt === undefined) throw error;
    }
  }
}

/** Reports that the login was refused, but that the access token has since been renewed. */
class TokenRenewed extends ImapFailed {}

const tlsReasons: readonly ImapReason[] = ["TLS timed out", "TLS failed"];

async function connectOnce(
  address: ServerAddress,
  access: ServerAccess,
  attempt: Attempt,
  signal: AbortSignal | undefined,
): Promise<ImapConnection> {
  const { host, port, protocol } = address;
  const { tls, timeouts } = access;
  const isEncrypted = protocol === "imaps" || attempt.starttls !== "none";
  const client = tls.clientCertificate === undefined ? undefined : loadClientCertificate(tls.clientCertificate);
  const settings: ConnectionSettings = {
    host,
    port,
    isSecure: protocol === "imaps",
    starttls: attempt.starttls,
    tls: {
      ...(isEncrypted ? { ca: await loadAuthorities(tls) } : {}),
      ...(client === undefined ? {} : { cert: client.certificate, key: client.key }),
      minVersion: tls.minVersion,
      rejectUnauthorized: attempt.checksCertificate,
    },
    timeouts,
    explainTls: (error) => {
      const failure = tlsFailure(error);
      return failure === undefined
        ? undefined
        : { reason: failure.reason, detail: `${describeTlsFailure(failure, protocol)}; the login was not sent` };
    },
    logIn: (offer) => sendCredentials(offer, address, access, attempt.checksCertificate),
  };
  return protocol === "imaps"
    ? ImapConnection.open(settings, signal)
    : openUnlessTlsFirst(settings, signal ?? new AbortController().signal);
}

/**
 * Connects to a port that should not use TLS from the start. A port that uses TLS from the start would send nothing
 * until the time limit is reached.
 *
 * @throws ImapFailed
 */
async function openUnlessTlsFirst(settings: ConnectionSettings, signal: AbortSignal): Promise<ImapConnection> {
  const stop = new AbortController();
  const limit = settings.timeouts.connect;
  const timer = setTimeout(
    async () => {
      if (!(await acceptsTls(settings, limit, stop.signal))) return;
      const text = "the port uses TLS from the start; use imaps:// instead of imap://; the login was not sent";
      stop.abort(makeFailure(settings, "TLS on this port", text));
    },
    Math.min(longestSilence, limit / 4),
  );
  const onGreeting = () => clearTimeout(timer);
  try {
    return await ImapConnection.open({ ...settings, onGreeting }, AbortSignal.any([signal, stop.signal]));
  } finally {
    clearTimeout(timer);
  }
}

async function sendCredentials(
  offer: LoginOffer,
  address: ServerAddress,
  access: ServerAccess,
  checksCertificate: boolean,
): Promise<void> {
  const server = `${address.host} port ${address.port}`;
  const { login } = access;
  const isSafe = offer.isEncrypted || isLoopback(address);
  const mechanism = chooseSaslMechanism(offer.mechanisms, access, isSafe, server);
  if (!isSafe) notify(`${server}: the connection is not encrypted; other people can read the login`);
  const credentials =
    mechanism === "EXTERNAL"
      ? { user: address.user ?? "", secret: "", isToken: false }
      : await login.find({ isVerified: offer.isEncrypted && checksCertificate });
  try {
    await sendLogin(offer, mechanism, credentials, server);
  } catch (error) {
    if (!(error instanceof ImapFailed) || error.reason !== "login refused") throw error;
    const { isRetried, advice } = await login.refuse(credentials, error.message);
    if (isRetried) throw new TokenRenewed(error.reason, error.message, error);
    if (advice === "") throw error;
    throw new ImapFailed(error.reason, `${error.message}; ${advice}`, error);
  }
}

async function sendLogin(
  offer: LoginOffer,
  mechanism: SaslMechanism,
  { user, secret }: Credentials,
  server: string,
): Promise<void> {
  // A server without SASL offers only the LOGIN command, which limits the characters that a password may contain.
  if (mechanism === "LOGIN" && !offer.hasSaslLogin) return offer.logIn(user, secret);
  const exchange = startExchange(mechanism, user, secret);
  let problem: unknown;
  await offer
    .authenticate(mechanism, exchange.initial, async (challenge) => {
      try {
        return await exchange.respond(challenge);
      } catch (error) {
        problem = error;
        // `*` cancels the login (RFC 9051, section 6.2.2).
        return "*";
      }
    })
    .catch((error: unknown) => {
      if (problem === undefined) throw error;
    });
  if (problem === undefined && exchange.isProven()) return;
  const text = problem instanceof Error ? problem.message : "the server did not prove that it knows the password";
  throw new ImapFailed("login mechanism unknown", `${server}: login failed: ${text}`, problem);
}

/** Chooses the login mechanism. @throws ImapFailed if none can be used; MailError if the setting is invalid */
function chooseSaslMechanism(
  offered: readonly string[],
  { mechanism: wanted, tls, login }: ServerAccess,
  isSafe: boolean,
  server: string,
): SaslMechanism {
  const named = wanted === undefined || wanted === "" ? undefined : findMechanism(wanted);
  const known =
    named !== undefined
      ? [named]
      : saslMechanisms.filter((each) => offered.includes(each) && sendsToken(each) === login.usesToken);
  const usable = known.filter((each) => isSafe || (tls.allowsClearLogin && !sendsToken(each)));
  const [first] = usable;
  if (first !== undefined) return first;
  if (known.length > 0) {
    const what = login.usesToken ? "token" : "password";
    const text = `the ${what} was not sent, because the connection is not encrypted; set starttls=required`;
    throw new ImapFailed("login not encrypted", `${server}: ${text}`);
  }
  if (offered.length === 0)
    throw new ImapFailed("login not offered", `${server}: the server does not offer any login mechanism`);
  const text = `no supported login mechanism (${offered.join(" ")})`;
  throw new ImapFailed("login mechanism unknown", `${server}: ${text}`);
}

function findMechanism(name: string): SaslMechanism {
  const all = [...saslMechanisms, "EXTERNAL"] as const;
  const found = all.find((each) => each === name.toUpperCase());
  if (found !== undefined) return found;
  throw new MailError(`smtpauth: "${name}" is invalid; use none, ${joinAlternatives(all).toLowerCase()}`, Exit.Config);
}
