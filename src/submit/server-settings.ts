/** The settings of a dialogue with a server: one type from the variables to the socket. */

/** The use of STARTTLS (RFC 3207). */
export type StartTls = "required" | "opportunistic" | "none";

/** The events of which the server reports to the sender (RFC 3461, section 4.1). */
export type Notice = "never" | "success" | "failure" | "delay";

/** The use of BDAT (RFC 3030) with a server that offers it; "large" is for large messages only. */
export type Chunking = "always" | "large" | "never";

export interface ServerSettings {
  /** This host's name in EHLO. */
  readonly mailName: string;
  /** Milliseconds: to be connected and greeted; that the server may be silent; for one message in all, 0 for no limit. */
  readonly timeouts: { readonly connect: number; readonly silence: number; readonly total: number };
  /** Undefined: decided by the kind of server. */
  readonly starttls: StartTls | undefined;
  /** A file of certificates that are trusted besides the system's. */
  readonly caFile: string | undefined;
  readonly checkCertificate: boolean;
  /** The mechanism of the login; undefined for the best that the server offers. */
  readonly mechanism: string | undefined;
  /** Empty: the server decides. */
  readonly notify: readonly Notice[];
  readonly chunking: Chunking;
}
