/**
 * Manages the logins during one run of `mail`. All protocols obtain their credentials here, so that the user types a
 * password only once. Rejected credentials are not sent again, because servers lock accounts after a few failed logins.
 */
import type { Config } from "../config/config.ts";
import {
  type ConnectionFacts,
  type Credentials,
  type Login,
  LoginFailed,
  type LoginRefusal,
  type LoginRequest,
} from "../connect/login.ts";
import { Exit } from "../errors.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { readOAuthSettings } from "./oauth-settings.ts";
import { findPassword } from "./password.ts";
import { describeRequirement } from "./providers.ts";

/** Provides the credentials for all servers, and remembers which credentials were rejected. */
export class Logins {
  readonly #config: Config;
  readonly #terminal: Terminal;
  /** The passwords that were typed by the user or printed by a command, keyed by user and host. */
  readonly #kept = new Map<string, string>();
  /** The rejected secrets, each with its error message, keyed by user and host. */
  readonly #rejected = new Map<string, ReadonlyMap<string, string>>();

  constructor(config: Config, terminal: Terminal) {
    this.#config = config;
    this.#terminal = terminal;
  }

  /** Returns a user's login on a server. @throws MailError if a variable is invalid */
  loginTo(request: LoginRequest): Login {
    const oauth = readOAuthSettings(this.#config, request);
    return {
      usesToken: oauth !== undefined,
      find: (connection) =>
        oauth === undefined ? this.#findPassword(request) : this.#findToken(request, oauth, connection),
      refuse: (credentials, problem) => this.#refuse(request, credentials, problem),
    };
  }

  async #findPassword(request: LoginRequest): Promise<Credentials> {
    const secret = this.#kept.get(loginKey(request)) ?? (await this.#askPassword(request));
    this.#throwIfRejected(request, secret);
    return { user: request.user, secret, isToken: false };
  }

  async #askPassword(request: LoginRequest): Promise<string> {
    const { password, isKept } = await findPassword(this.#config, this.#terminal, request);
    if (isKept) this.#kept.set(loginKey(request), password);
    return password;
  }

  async #findToken(
    request: LoginRequest,
    oauth: NonNullable<ReturnType<typeof readOAuthSettings>>,
    { isVerified }: ConnectionFacts,
  ): Promise<Credentials> {
    const { user, host, port } = request;
    if (!isVerified) {
      const text = `${host} port ${port}: an OAuth2 token is sent only over TLS with a valid certificate; the login was not sent`;
      throw new LoginFailed("login not encrypted", text, Exit.NoPerm);
    }
    const rejected = this.#rejected.get(loginKey(request)) ?? new Map();
    // A renewed token has also been rejected. Renewing it again would not help.
    if (rejected.size > 1) this.#throwIfRejected(request, [...rejected.keys()][1]);
    const { findAccessToken } = await import("./access-token.ts");
    const context = { config: this.#config, terminal: this.#terminal };
    const secret = await findAccessToken(context, request, oauth, new Set(rejected.keys()));
    this.#throwIfRejected(request, secret);
    return { user, secret, isToken: true };
  }

  /** @throws LoginFailed if the server has rejected the secret in this run */
  #throwIfRejected(request: LoginRequest, secret: string): void {
    const problem = this.#rejected.get(loginKey(request))?.get(secret);
    if (problem === undefined) return;
    throw new LoginFailed("login refused", `${problem}; the login was not attempted again`, Exit.NoPerm);
  }

  async #refuse(request: LoginRequest, { secret, isToken }: Credentials, problem: string): Promise<LoginRefusal> {
    const key = loginKey(request);
    this.#kept.delete(key);
    const rejected = new Map(this.#rejected.get(key)).set(secret, problem);
    this.#rejected.set(key, rejected);
    return isToken
      ? { isRetried: rejected.size === 1, advice: "" }
      : { isRetried: false, advice: describeRequirement(this.#config, request.host) };
  }
}

function loginKey({ user, host }: LoginRequest): string {
  return JSON.stringify([user, host]);
}
