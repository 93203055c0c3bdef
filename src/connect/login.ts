/** Credentials for a server, and the reasons why a login fails. They are the same for all protocols. */
import { type ExitCode, MailError } from "../errors.ts";

/** Problems with a login, in any protocol. */
export type LoginReason =
  | "login refused"
  | "login not offered"
  | "login mechanism unknown"
  | "login not encrypted"
  | "no password"
  | "no token"
  | "password command failed";

/** The login failed or was not attempted. The message describes the cause and the remedy. */
export class LoginFailed extends MailError {
  declare readonly reason: LoginReason;

  constructor(reason: LoginReason, message: string, exit: ExitCode, cause?: unknown) {
    super(message, exit, cause, { reason });
  }
}

/** A user at a server. */
export interface LoginRequest {
  readonly protocol: "smtp" | "imap" | "pop3";
  readonly host: string;
  readonly port: number;
  readonly user: string;
}

/** The facts about an open connection that determine whether a secret may be sent over it. */
export interface ConnectionFacts {
  /** Whether the connection uses TLS, and the server's certificate is valid for the host name. */
  readonly isVerified: boolean;
}

/** A user name with its secret. */
export interface Credentials {
  readonly user: string;
  /** A password, or an OAuth2 access token (RFC 6750). */
  readonly secret: string;
  readonly isToken: boolean;
}

/** What to do after a server has rejected a login. */
export interface LoginRefusal {
  /** Whether one further attempt over a new connection is worthwhile, because the access token will be renewed. */
  readonly isRetried: boolean;
  /** What the provider requires, for the error message; empty if this is unknown. */
  readonly advice: string;
}

/** Provides the credentials for a server. The code of a protocol receives this object from its caller. */
export interface Login {
  /** Whether the login uses an OAuth2 access token, so that only the mechanisms for tokens are usable. */
  readonly usesToken: boolean;
  /**
   * Returns the credentials. It may ask the user, run a command, or renew a token.
   *
   * @throws LoginFailed if there are none, or if the server has already rejected them in this run
   */
  find(connection: ConnectionFacts): Promise<Credentials>;
  /**
   * Records that the server has permanently rejected the credentials, so that they are not sent again in this run.
   *
   * @param problem the error message, with the server's name and reply
   */
  refuse(credentials: Credentials, problem: string): Promise<LoginRefusal>;
}
