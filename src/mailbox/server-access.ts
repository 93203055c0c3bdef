/** Declares the address of a mailbox on a server, and the settings that the caller provides for reaching it. */
import type { Login } from "../connect/login.ts";
import type { TlsSettings } from "../connect/tls-policy.ts";

/** A folder on a server: `imaps://USER@HOST[:PORT]/FOLDER`. */
export interface ServerAddress {
  readonly protocol: "imap" | "imaps";
  /** The user; undefined if the address does not name one. */
  readonly user: string | undefined;
  readonly host: string;
  readonly port: number;
  /** The folder's decoded name; empty if the address names only the server. */
  readonly folder: string;
}

/** The settings for an account, as the variables define them. */
export interface ServerAccess {
  readonly tls: TlsSettings;
  /**
   * Time limits in milliseconds: `connect` for the connection and the greeting, and `silence` for a period in which
   * neither side sends anything.
   */
  readonly timeouts: { readonly connect: number; readonly silence: number };
  /** The login mechanism; undefined for the best mechanism that the server offers. */
  readonly mechanism: string | undefined;
  readonly login: Login;
  /** Asks the user whether to accept a certificate despite the given fault. Returns false if there is no terminal. */
  readonly acceptCertificate: (reason: string) => Promise<boolean>;
}

/** Returns the user and the settings for the server named in an address. @throws MailError if a setting is invalid */
export type AccessServer = (address: ServerAddress) => Promise<AccountAccess>;

/** A user of a server, and the settings for connecting as this user. */
export interface AccountAccess {
  /** The user named in the address, or else the user of the account that belongs to the server. */
  readonly user: string;
  readonly access: ServerAccess;
}
