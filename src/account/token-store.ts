/**
 * Stores OAuth2 tokens in the state directory, in one file per user and issuer. No other user can read these files.
 * Only one process renews a token at a time, because many providers replace the refresh token at each renewal.
 */
import { closeSync, constants, fstatSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../config/config.ts";
import { stateDirectory } from "../config/paths.ts";
import { LoginFailed } from "../connect/login.ts";
import { Exit, MailError } from "../errors.ts";
import { lockFile } from "../mailbox/lock/lock-file.ts";
import { MailboxBusy } from "../mailbox/mailbox-errors.ts";
import { makePrivateDirectory, openPrivateFile, replacePrivateFile } from "../private-file.ts";
import { addPathToError, isSystemError } from "../system-error.ts";

/** The tokens for a login. */
export interface StoredTokens {
  /** The client to which the tokens were issued. */
  readonly clientId: string;
  /** The mail servers to which the access token may be sent. */
  readonly hosts: readonly string[];
  readonly refreshToken: string;
  /** Empty if no access token has been requested yet. */
  readonly accessToken: string;
  /** The time at which the access token expires, in milliseconds since 1970; undefined if it is unknown. */
  readonly expires: number | undefined;
}

/** The maximum time in seconds to wait while another process is renewing the same token. */
const patience = 60;

/** The stored tokens of one user from one issuer. */
export class TokenStore {
  readonly path: string;
  readonly #directory: string;

  constructor(config: Config, issuer: string, user: string) {
    this.#directory = join(stateDirectory(config), "tokens");
    this.path = join(this.#directory, encodeURIComponent(`${user} ${issuer}`));
  }

  /**
   * Returns the tokens; undefined if there are none.
   *
   * @throws MailError if the file is damaged, or if another user could have read or written it
   */
  read(): StoredTokens | undefined {
    let descriptor: number;
    try {
      descriptor = openPrivateFile(this.path, constants.O_RDONLY);
    } catch (error) {
      if (isSystemError(error) && error.code === "ENOENT") return undefined;
      throw error instanceof MailError ? error : addPathToError(this.path, error);
    }
    try {
      if ((fstatSync(descriptor).mode & 0o077) !== 0) {
        throw new MailError(`${this.path}: other users can read it; not used; remove it and log in again`, Exit.NoPerm);
      }
      return parseTokens(this.path, readFileSync(descriptor, "utf8"));
    } finally {
      closeSync(descriptor);
    }
  }

  /** Replaces the tokens. @throws MailError */
  write(tokens: StoredTokens): void {
    try {
      makePrivateDirectory(this.#directory);
      const text = `${JSON.stringify({ version: 1, ...tokens })}\n`;
      replacePrivateFile(this.path, [Buffer.from(text)], { isSynced: true });
    } catch (error) {
      throw error instanceof MailError ? error : addPathToError(this.path, error);
    }
  }

  /**
   * Runs an action while this process holds the renewal lock.
   *
   * @throws LoginFailed if another process holds the lock for too long
   */
  async lock<Result>(action: () => Promise<Result>): Promise<Result> {
    makePrivateDirectory(this.#directory);
    const path = `${this.path}.renewal`;
    const descriptor = openPrivateFile(path, constants.O_RDWR | constants.O_CREAT);
    try {
      const release = await lockFile(path, descriptor, patience).catch((error: unknown) => {
        if (!(error instanceof MailboxBusy)) throw error;
        const text = `${path}: another process has been renewing the token for ${patience} seconds`;
        throw new LoginFailed("no token", text, Exit.TempFail, error);
      });
      try {
        return await action();
      } finally {
        await release();
      }
    } finally {
      closeSync(descriptor);
    }
  }
}

/** @throws MailError if the file does not contain tokens */
function parseTokens(path: string, text: string): StoredTokens {
  let found: Record<string, unknown> = {};
  try {
    found = Object(JSON.parse(text));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  const { version, clientId, hosts, refreshToken, accessToken, expires } = found;
  const isText = (value: unknown) => typeof value === "string" && /^[\x20-\x7e]*$/.test(value);
  const isValid =
    version === 1 &&
    isText(clientId) &&
    Array.isArray(hosts) &&
    hosts.every(isText) &&
    isText(refreshToken) &&
    isText(accessToken) &&
    (expires === undefined || typeof expires === "number");
  if (isValid) return found as unknown as StoredTokens;
  throw new MailError(`${path}: does not contain tokens; remove it and log in again`, Exit.Config);
}
