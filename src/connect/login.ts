/** Declares the credentials for a server, and the error for a failed login. All protocols share these types. */
import { type ExitCode, MailError } from "../errors.ts";
import type { LoginReason } from "../reasons.ts";

/** The error for a login that failed or was not attempted. The error's message describes the cause and the remedy. */
export class LoginFailed extends MailError {
  declare readonly reason: LoginReason;

  constructor(reason: LoginReason, message: string, exit: ExitCode, cause?: unknown) {
    super(message, exit, { cause, reason });
  }
}

/** A user on a server. */
export interface LoginRequest {
  readonly protocol: "smtp" | "imap" | "pop3";
  readonly host: string;
  readonly port: number;
  readonly user: string;
}

/** The properties of an open connection that determine whether a secret may be sent over it. */
export interface ConnectionFacts {
  /** Whether the connection uses TLS with a certificate that is valid for the host name. */
  readonly isVerified: boolean;
}

/** A user name and the secret for the login. */
export interface Credentials {
  readonly user: string;
  /** A password, or an OAuth2 access token (RFC 6750). */
  readonly secret: string;
  readonly isToken: boolean;
}

/** The action to take after a server has rejected a login. */
export interface LoginRefusal {
  /** Whether to try once more over a new connection, with a renewed access token. */
  readonly isRetried: boolean;
  /** The provider's requirement, for the error message; empty if it is unknown. */
  readonly advice: string;
}

/** Provides the credentials for a server. The code that implements a protocol receives this object from its caller. */
export interface Login {
  /** Whether the login uses an OAuth2 access token. If so, only token mechanisms are usable. */
  readonly usesToken: boolean;
  /**
   * Returns the credentials; may ask the user, run a command, or renew a token.
   *
   * @throws LoginFailed if there are none, or if the server has already rejected them in this run
   */
  find(connection: ConnectionFacts): Promise<Credentials>;
  /**
   * Records that the server has permanently rejected the credentials, so that they are not sent again in this run.
   *
   * @param problem the error message, including the server's name and reply
   */
  refuse(credentials: Credentials, problem: string): Promise<LoginRefusal>;
}
