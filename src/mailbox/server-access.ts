/** The address of a mailbox on a server, and the caller's means to reach it. */
import type { Login } from "../connect/login.ts";
import type { TlsSettings } from "../connect/tls-policy.ts";

/** A folder on a server: `imaps://USER@HOST[:PORT]/FOLDER`. */
export interface ServerAddress {
  readonly protocol: "imap" | "imaps";
  /** Undefined if the address contains none. */
  readonly user: string | undefined;
  readonly host: string;
  readonly port: number;
  /** The folder's name as text; empty if the address names only the server. */
  readonly folder: string;
}

/** The settings of an account, as the variables define them. */
export interface ServerAccess {
  readonly tls: TlsSettings;
  /** Time limits in milliseconds: for the connection and greeting, and for a server that sends nothing. */
  readonly timeouts: { readonly connect: number; readonly silence: number };
  /** The login mechanism; undefined for the best mechanism that the server offers. */
  readonly mechanism: string | undefined;
  readonly login: Login;
  /** Returns whether the user accepts a certificate despite the reason; false without a terminal. */
  readonly acceptCertificate: (reason: string) => Promise<boolean>;
}

/** Returns the settings and the login for the server of an address. @throws MailError if a setting is invalid */
export type AccessServer = (address: ServerAddress) => Promise<AccountAccess>;

/** The access to a server for one of its users. */
export interface AccountAccess {
  /** The user of the address, or of the account that belongs to the server. */
  readonly user: string;
  readonly access: ServerAccess;
}
