/**
 * The logins of a run. All protocols obtain their credentials here, so that a password is typed once, and rejected
 * credentials are not sent again: servers lock accounts after a few failed logins.
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
import { findPassword } from "./password.ts";
import { describeRequirement } from "./providers.ts";

/** Provides the credentials for all servers, and remembers which of them were rejected. */
export class Logins {
  readonly #config: Config;
  readonly #terminal: Terminal;
  /** The passwords that were typed or printed by a command, by user and host. */
  readonly #kept = new Map<string, string>();
  /** The rejected secrets, by user and host. */
  readonly #rejected = new Map<string, Set<string>>();

  constructor(config: Config, terminal: Terminal) {
    this.#config = config;
    this.#terminal = terminal;
  }

  /** Returns the login of a user at a server. */
  loginTo(request: LoginRequest): Login {
    return {
      usesToken: false,
      find: (connection) => this.#find(request, connection),
      refuse: (credentials) => this.#refuse(request, credentials),
    };
  }

  async #find(request: LoginRequest, _connection: ConnectionFacts): Promise<Credentials> {
    const { user, host } = request;
    const secret = await this.#findPassword(request);
    if (this.#rejected.get(loginKey(request))?.has(secret) === true) {
      throw new LoginFailed(
        "login refused",
        `${host} port ${request.port}: the server has already rejected the login of ${user}; it was not attempted again`,
        Exit.NoPerm,
      );
    }
    return { user, secret, isToken: false };
  }

  async #findPassword(request: LoginRequest): Promise<string> {
    const kept = this.#kept.get(loginKey(request));
    if (kept !== undefined) return kept;
    const { password, isKept } = await findPassword(this.#config, this.#terminal, request);
    if (isKept) this.#kept.set(loginKey(request), password);
    return password;
  }

  async #refuse(request: LoginRequest, { secret }: Credentials): Promise<LoginRefusal> {
    const key = loginKey(request);
    this.#kept.delete(key);
    this.#rejected.set(key, new Set(this.#rejected.get(key)).add(secret));
    return { isRetried: false, advice: describeRequirement(request.host) };
  }
}

function loginKey({ user, host }: LoginRequest): string {
  return JSON.stringify([user, host]);
}
