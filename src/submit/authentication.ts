/** Logs in to a server: chooses a mechanism, and runs the exchanges of the mechanisms that nodemailer lacks. */
import { type Credentials, type Login, LoginFailed } from "../connect/login.ts";
import { type SaslMechanism, saslMechanisms, sendsToken, startExchange } from "../connect/sasl.ts";
import { isLoopback } from "../connect/socket.ts";
import { Exit, joinAlternatives, MailError } from "../errors.ts";
import { notify } from "../notices.ts";
import { loginRejection } from "./nodemailer/outcome-of-error.ts";
import { SubmissionFailed } from "./submission-errors.ts";
import { type ServerWay, serverName } from "./transport-settings.ts";

/** A login in progress: its credentials, and a function that sends a line and returns the reply. */
interface Context {
  readonly auth: { readonly credentials: { readonly user: string; readonly pass: string } };
  sendCommand(line: string): Promise<Reply>;
}

/** An open session (nodemailer/smtp-session.ts). */
interface LoginSession {
  readonly encryption: { readonly untrustedFor: string | undefined } | undefined;
  logIn(method: SaslMechanism, user: string, secret: string): Promise<void>;
}

interface LoginSettings {
  readonly server: ServerWay;
  readonly allowsClearLogin: boolean;
  /** The value of the `smtpauth` variable. */
  readonly mechanism: string | undefined;
}

interface Reply {
  readonly response: string;
}

/**
 * Returns the mechanism for a login.
 *
 * @param offered the parameters of AUTH in the reply to EHLO
 * @param wanted the value of the `smtpauth` variable
 * @param connection.isSafe whether the connection is encrypted or stays on this machine
 * @param connection.allowsClearLogin whether the settings permit a login over a connection that is not safe
 * @param connection.usesToken whether the login uses an OAuth2 access token
 * @throws MailError if no mechanism can be used
 */
export function chooseMechanism(
  offered: string | undefined,
  wanted: string | undefined,
  {
    isSafe,
    allowsClearLogin,
    usesToken,
    server,
  }: { isSafe: boolean; allowsClearLogin: boolean; usesToken: boolean; server: string },
): SaslMechanism {
  const words = (offered ?? "").toUpperCase().split(/[\s=]+/);
  const named = wanted === undefined || wanted === "" ? undefined : mechanismNamed(wanted);
  if (named !== undefined && usesToken && !sendsToken(named)) {
    throw new MailError(
      `smtpauth: "${named.toLowerCase()}" cannot send an OAuth2 token; nothing was sent; unset smtpauth or oauth-client-id`,
      Exit.Config,
    );
  }
  const preferred = saslMechanisms.filter((each) => !usesToken || sendsToken(each));
  const known = named === undefined ? preferred.filter((each) => words.includes(each)) : [named];
  const usable = known.filter((each) => isSafe || (allowsClearLogin && !sendsToken(each)));
  const [first] = usable;
  if (first !== undefined) return first;
  if (known.length > 0) {
    throw new SubmissionFailed(
      "login not encrypted",
      known.every(sendsToken)
        ? `${server}: the token would be sent unencrypted; set starttls=required`
        : `${server}: the password would be sent unencrypted; set starttls=required, or starttls=none to allow it`,
      Exit.NoPerm,
    );
  }
  const foreign = words.filter((word) => word !== "").join(" ");
  throw new SubmissionFailed(
    foreign === "" ? "login not offered" : "login mechanism unknown",
    `${server}: ${describeUnusable(foreign, usesToken)}`,
    Exit.Unavailable,
  );
}

/** @param mechanisms the mechanisms that the server offers */
function describeUnusable(mechanisms: string, usesToken: boolean): string {
  if (mechanisms === "") return "the server does not offer any login mechanism";
  return usesToken
    ? `the server does not accept OAuth2 tokens (${mechanisms})`
    : `no supported login mechanism (${mechanisms})`;
}

/** @throws MailError if the name is unknown */
function mechanismNamed(name: string): SaslMechanism {
  const all = [...saslMechanisms, "EXTERNAL"] as const;
  const found = all.find((each) => each === name.toUpperCase());
  if (found !== undefined) return found;
  throw new MailError(`smtpauth: "${name}" is invalid; use none, ${joinAlternatives(all).toLowerCase()}`, Exit.Config);
}

/**
 * Logs in. Returns false if the server rejected the access token and the caller should try once more, with a renewed
 * token.
 *
 * @throws SubmissionFailed if there are no credentials, or if the server rejects them; otherwise, nodemailer's error
 */
export async function logIn(
  session: LoginSession,
  login: Login,
  { server, allowsClearLogin, mechanism: wanted }: LoginSettings,
  dialogue: { extension(keyword: string): string | undefined },
): Promise<boolean> {
  const name = serverName(server);
  const isSafe = session.encryption !== undefined || isLoopback(server);
  const { usesToken } = login;
  const mechanism = chooseMechanism(dialogue.extension("AUTH"), wanted, {
    isSafe,
    allowsClearLogin,
    usesToken,
    server: name,
  });
  if (!isSafe) notify(`${name}: the connection is not encrypted; other people can read the login`);
  const { encryption } = session;
  const isVerified = encryption !== undefined && encryption.untrustedFor === undefined;
  const credentials: Credentials =
    mechanism === "EXTERNAL"
      ? { user: server.user ?? "", secret: "", isToken: false }
      : await login.find({ isVerified }).catch((error: unknown) => {
          if (error instanceof LoginFailed) throw new SubmissionFailed(error.reason, error.message, error.exit, error);
          throw error;
        });
  try {
    await session.logIn(mechanism, credentials.user, credentials.secret);
    return true;
  } catch (error) {
    if (error instanceof ExchangeFailed)
      throw new SubmissionFailed("login refused", `${name}: login failed: ${error.message}`, Exit.NoPerm, error);
    const reply = loginRejection(error);
    if (reply === undefined) throw error;
    const problem = `${name}: login failed: ${reply}`;
    const { isRetried, advice } = await login.refuse(credentials, problem);
    if (isRetried) return false;
    throw new SubmissionFailed("login refused", advice === "" ? problem : `${problem}; ${advice}`, Exit.NoPerm, error);
  }
}

/** The functions that log in, indexed by the name of the mechanism. */
export type LoginHandlers = Record<string, (context: Context) => Promise<void>>;

/** The handlers for the mechanisms that nodemailer lacks. */
export const handlers: LoginHandlers = Object.fromEntries(
  (["SCRAM-SHA-256", "SCRAM-SHA-1", "EXTERNAL", "OAUTHBEARER", "XOAUTH2"] as const).map((mechanism) => [
    mechanism,
    (context: Context) => exchangeChallenges(mechanism, context),
  ]),
);

/** Logs in with a mechanism that begins with the client's response (RFC 4954, section 4). */
async function exchangeChallenges(mechanism: SaslMechanism, { auth, sendCommand }: Context): Promise<void> {
  const { user, pass } = auth.credentials;
  const exchange = startExchange(mechanism, user, pass);
  let reply = await sendCommand(`AUTH ${mechanism} ${exchange.initial || "="}`);
  for (let count = 0; codeOf(reply) === 334 && count < mostChallenges; count++) {
    const response = await exchange.respond(reply.response.slice(4).trim()).catch(async (error: Error) => {
      // A line with only an asterisk cancels the login.
      await sendCommand("*");
      throw new ExchangeFailed(error.message, { cause: error });
    });
    reply = await sendCommand(response);
  }
  if (codeOf(reply) !== 235) throw new Error("login refused");
  if (!exchange.isProven()) throw new ExchangeFailed("the server did not prove that it knows the password");
}

/**
 * A login failure that occurred because the server violated the mechanism's rules. The server's reply does not explain
 * the failure.
 */
class ExchangeFailed extends Error {}

/** No mechanism has more challenges. */
const mostChallenges = 3;

function codeOf({ response }: Reply): number {
  return Number(response.slice(0, 3));
}
