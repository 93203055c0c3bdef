/**
 * Implements the SASL mechanisms (RFC 4422) as exchanges of challenges and responses. The exchanges are the same in all
 * protocols.
 */
import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";

/** The mechanisms in order of preference. The last two mechanisms send a bearer token (RFC 6750). */
export const saslMechanisms = [
  "SCRAM-SHA-256",
  "SCRAM-SHA-1",
  "CRAM-MD5",
  "PLAIN",
  "LOGIN",
  "OAUTHBEARER",
  "XOAUTH2",
] as const;
export type SaslMechanism = (typeof saslMechanisms)[number] | "EXTERNAL";

/** Returns whether a mechanism sends the access token itself, which other servers would also accept. */
export function sendsToken(mechanism: SaslMechanism): boolean {
  return mechanism === "OAUTHBEARER" || mechanism === "XOAUTH2";
}

/** The exchange for one login. All strings are in base64. */
export interface SaslExchange {
  /** The initial response; undefined if the server sends a challenge first. */
  readonly initial: string | undefined;
  /**
   * Returns the response to a challenge.
   *
   * @throws Error if the challenge is invalid; the login must then be cancelled
   */
  respond(challenge: string): Promise<string>;
  /**
   * Returns whether a success response from the server can now be trusted. With SCRAM, the server must first prove that
   * it knows the password.
   */
  isProven(): boolean;
}

/** Begins a login. @param secret the password, or the access token; empty for EXTERNAL */
export function startExchange(mechanism: SaslMechanism, user: string, secret: string): SaslExchange {
  switch (mechanism) {
    case "SCRAM-SHA-256":
      return makeScramExchange(user, secret, "sha256");
    case "SCRAM-SHA-1":
      return makeScramExchange(user, secret, "sha1");
    case "CRAM-MD5":
      return makeExchange(undefined, (challenge) =>
        toBase64(`${user} ${createHmac("md5", secret).update(Buffer.from(challenge, "base64")).digest("hex")}`),
      );
    case "PLAIN":
      return makeExchange(toBase64(`\0${user}\0${secret}`));
    case "LOGIN":
      return makeExchange(undefined, (_challenge, count) => toBase64(count === 0 ? user : secret));
    case "OAUTHBEARER":
      // RFC 7628, section 3.2.3: the server sends the reason for a failure as a challenge, which requires a dummy
      // response.
      return makeExchange(toBase64(`n,a=${escapeSaslName(user)},\u0001auth=Bearer ${secret}\u0001\u0001`), () =>
        toBase64("\u0001"),
      );
    case "XOAUTH2":
      return makeExchange(toBase64(`user=${user}\u0001auth=Bearer ${secret}\u0001\u0001`), () => "");
    case "EXTERNAL":
      // RFC 4422, appendix A: the server identifies the client by its certificate.
      return makeExchange(toBase64(user));
  }
}

function makeExchange(
  initial: string | undefined,
  answer?: (challenge: string, count: number) => string,
): SaslExchange {
  let count = 0;
  return {
    initial,
    respond: async (challenge) => {
      if (answer === undefined) throw new Error("the server sent an unexpected challenge");
      return answer(challenge, count++);
    },
    isProven: () => true,
  };
}

/**
 * Creates an exchange for SCRAM (RFC 5802, RFC 7677), which never reveals the password. The server must also prove that
 * it knows the password.
 */
function makeScramExchange(user: string, secret: string, digest: "sha256" | "sha1"): SaslExchange {
  const nonce = randomBytes(18).toString("base64");
  const bare = `n=${escapeSaslName(user)},r=${nonce}`;
  const hmac = (key: Buffer, text: string | Buffer) => createHmac(digest, key).update(text).digest();
  let expected: Buffer | undefined;
  let isProven = false;
  const answerFirst = async (first: string) => {
    const [, both = "", salt = "", rounds = ""] = /^r=([^,]+),s=([^,]+),i=(\d{1,7})(?:,|$)/.exec(first) ?? [];
    if (!both.startsWith(nonce) || both === nonce || Number(rounds) < 1)
      throw new Error("the server's challenge is not valid for SCRAM");
    const { length } = createHash(digest).digest();
    const salted = await promisify(pbkdf2)(
      secret.normalize("NFKC"),
      Buffer.from(salt, "base64"),
      Number(rounds),
      length,
      digest,
    );
    const clientKey = hmac(salted, "Client Key");
    const unproved = `c=${toBase64("n,,")},r=${both}`;
    const all = `${bare},${first},${unproved}`;
    const signature = hmac(createHash(digest).update(clientKey).digest(), all);
    const proof = Buffer.from(clientKey.map((byte, at) => byte ^ (signature[at] ?? 0)));
    expected = hmac(hmac(salted, "Server Key"), all);
    return toBase64(`${unproved},p=${proof.toString("base64")}`);
  };
  return {
    initial: toBase64(`n,,${bare}`),
    respond: async (challenge) => {
      const text = Buffer.from(challenge, "base64").toString("utf8");
      if (expected === undefined) return answerFirst(text);
      const given = Buffer.from(/^v=([^,]+)/.exec(text)?.[1] ?? "", "base64");
      if (given.length !== expected.length || !timingSafeEqual(given, expected))
        throw new Error("the server could not prove that it knows the password");
      isProven = true;
      return "";
    },
    isProven: () => isProven,
  };
}

/** Escapes a user name as RFC 5802, section 5.1, requires. */
function escapeSaslName(name: string): string {
  return name.normalize("NFKC").replaceAll("=", "=3D").replaceAll(",", "=2C");
}

function toBase64(text: string): string {
  return Buffer.from(text).toString("base64");
}
