/**
 * Logs in to a server: chooses a mechanism, and implements the mechanisms that nodemailer lacks.
 *
 * SCRAM (RFC 5802, RFC 7677) never reveals the password. The server must also prove that it knows the password.
 */
import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { type Credentials, type Login, LoginFailed } from "../connect/login.ts";
import { isLoopback } from "../connect/socket.ts";
import { Exit, joinAlternatives, MailError } from "../errors.ts";
import { notify } from "../notices.ts";
import { loginRejection } from "./nodemailer/outcome-of-error.ts";
import { SubmissionFailed } from "./submission-errors.ts";
import { type ServerWay, serverName } from "./way.ts";

/** A login in progress: its credentials and mechanism, and a function that sends a line and returns the reply. */
interface Context {
  readonly auth: { readonly credentials: { readonly user: string; readonly pass: string } };
  readonly method: string;
  sendCommand(line: string): Promise<Reply>;
}

/** An open session (nodemailer/smtp-session.ts). */
interface LoginSession {
  readonly encryption: { readonly untrustedFor: string | undefined } | undefined;
  logIn(method: Mechanism, user: string, secret: string): Promise<void>;
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

/** The mechanisms in order of preference. For the last two, the password is a bearer token (RFC 6750). */
const mechanisms = ["SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "PLAIN", "LOGIN", "OAUTHBEARER", "XOAUTH2"] as const;
/** EXTERNAL requires a client certificate and is used only if the variable names it. */
export type Mechanism = (typeof mechanisms)[number] | "EXTERNAL";

/** The mechanisms that send a token, which other servers would also accept. */
const withToken: readonly Mechanism[] = ["OAUTHBEARER", "XOAUTH2"];

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
): Mechanism {
  const words = (offered ?? "").toUpperCase().split(/[\s=]+/);
  const named = wanted === undefined || wanted === "" ? undefined : mechanismNamed(wanted);
  if (named !== undefined && usesToken && !withToken.includes(named)) {
    throw new MailError(
      `smtpauth: "${named.toLowerCase()}" cannot send an OAuth2 token; nothing was sent; unset it, or unset oauth-client-id`,
      Exit.Config,
    );
  }
  const preferred = usesToken ? withToken : mechanisms;
  const known = named === undefined ? preferred.filter((each) => words.includes(each)) : [named];
  const usable = known.filter((each) => isSafe || (allowsClearLogin && !withToken.includes(each)));
  const [first] = usable;
  if (first !== undefined) return first;
  if (known.length > 0) {
    throw new SubmissionFailed(
      "login not encrypted",
      known.every((each) => withToken.includes(each))
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
  if (mechanisms === "") return "the server does not offer a login";
  return usesToken
    ? `the server does not accept OAuth2 tokens (${mechanisms})`
    : `no supported login mechanism (${mechanisms})`;
}

/** @throws MailError if the name is unknown */
function mechanismNamed(name: string): Mechanism {
  const all = [...mechanisms, "EXTERNAL"] as const;
  const found = all.find((each) => each === name.toUpperCase());
  if (found !== undefined) return found;
  throw new MailError(`smtpauth: "${name}" is invalid; use none, ${joinAlternatives(all).toLowerCase()}`, Exit.Config);
}

/**
 * Logs in. Returns false if the server rejected the access token and the caller should try once more, with a renewed
 * token.
 *
 * @throws SubmissionFailed if there are no credentials, or if the server rejects them; nodemailer's errors otherwise
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
export const handlers: LoginHandlers = {
  "SCRAM-SHA-256": (context) => logInWithScram(context, "sha256"),
  "SCRAM-SHA-1": (context) => logInWithScram(context, "sha1"),
  // RFC 4422, appendix A: the server knows the client by its certificate.
  EXTERNAL: async ({ auth, sendCommand }) =>
    expectSuccess(await sendCommand(`AUTH EXTERNAL ${base64(auth.credentials.user)}`)),
  OAUTHBEARER: (context) =>
    logInWithBearer(context, (user, token) => `n,a=${saslName(user)},\u0001auth=Bearer ${token}\u0001\u0001`),
  XOAUTH2: (context) => logInWithBearer(context, (user, token) => `user=${user}\u0001auth=Bearer ${token}\u0001\u0001`),
};

const base64 = (data: string | Buffer) => Buffer.from(data as string).toString("base64");

/** Escapes a user name as RFC 5802, section 5.1, requires. */
function saslName(name: string): string {
  return name.normalize("NFKC").replaceAll("=", "=3D").replaceAll(",", "=2C");
}

async function logInWithBearer(
  { auth, method, sendCommand }: Context,
  say: (user: string, token: string) => string,
): Promise<void> {
  const { user, pass } = auth.credentials;
  let reply = await sendCommand(`AUTH ${method} ${base64(say(user, pass))}`);
  // RFC 7628, section 3.2.3: the server sends the reason for a failure as a challenge, which requires a dummy
  // response.
  if (codeOf(reply) === 334) reply = await sendCommand(method === "XOAUTH2" ? "" : base64("\u0001"));
  expectSuccess(reply);
}

async function logInWithScram({ auth, method, sendCommand }: Context, digest: "sha256" | "sha1"): Promise<void> {
  const { user, pass } = auth.credentials;
  const hmac = (key: Buffer, text: string | Buffer) => createHmac(digest, key).update(text).digest();
  const nonce = randomBytes(18).toString("base64");
  const bare = `n=${saslName(user)},r=${nonce}`;
  const challenge = await sendCommand(`AUTH ${method} ${base64(`n,,${bare}`)}`);
  const first = challengeText(challenge);
  const [, both = "", salt = "", rounds = ""] = /^r=([^,]+),s=([^,]+),i=(\d{1,7})(?:,|$)/.exec(first) ?? [];
  if (!both.startsWith(nonce) || both === nonce || Number(rounds) < 1) {
    await sendCommand("*");
    throw new Error("the server's challenge is not valid for SCRAM");
  }
  const { length } = createHash(digest).digest();
  const salted = await promisify(pbkdf2)(
    pass.normalize("NFKC"),
    Buffer.from(salt, "base64"),
    Number(rounds),
    length,
    digest,
  );
  const clientKey = hmac(salted, "Client Key");
  const unproved = `c=${base64("n,,")},r=${both}`;
  const all = `${bare},${first},${unproved}`;
  const signature = hmac(createHash(digest).update(clientKey).digest(), all);
  const proof = clientKey.map((byte, at) => byte ^ (signature[at] ?? 0));
  const answer = await sendCommand(base64(`${unproved},p=${Buffer.from(proof).toString("base64")}`));
  // RFC 4954, section 4: the server's proof arrives as a challenge. An immediate 235 means that there is no proof.
  if (codeOf(answer) === 235) throw new Error("the server did not prove that it knows the password");
  const given = Buffer.from(/^v=([^,]+)/.exec(challengeText(answer))?.[1] ?? "", "base64");
  const proved = hmac(hmac(salted, "Server Key"), all);
  if (given.length !== proved.length || !timingSafeEqual(given, proved)) {
    await sendCommand("*");
    throw new Error("the server could not prove that it knows the password");
  }
  expectSuccess(await sendCommand(""));
}

function codeOf({ response }: Reply): number {
  return Number(response.slice(0, 3));
}

function challengeText(reply: Reply): string {
  if (codeOf(reply) !== 334) throw new Error("login refused");
  return Buffer.from(reply.response.slice(4).trim(), "base64").toString("utf8");
}

function expectSuccess(reply: Reply): void {
  if (codeOf(reply) !== 235) throw new Error("login refused");
}
