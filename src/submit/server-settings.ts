/** The settings of a dialogue with a server. The same type is used from the variables to the socket. */
import { Exit, joinAlternatives, MailError } from "../errors.ts";

/** The use of STARTTLS (RFC 3207). */
export type StartTls = "required" | "opportunistic" | "none";

/** The events that the server reports to the sender (RFC 3461, section 4.1). */
export type Notice = "never" | "success" | "failure" | "delay";

/** The use of BDAT (RFC 3030) if the server offers it; "large" restricts it to large messages. */
export type Chunking = "always" | "large" | "never";

export interface ServerSettings {
  /** This host's name in EHLO. */
  readonly mailName: string;
  /**
   * Time limits in milliseconds: for the connection and greeting, for each reply, and for a complete message. A total
   * of 0 means no limit.
   */
  readonly timeouts: { readonly connect: number; readonly silence: number; readonly total: number };
  /** The use of STARTTLS; undefined if the kind of server determines it. */
  readonly starttls: StartTls | undefined;
  /** A file of certificates that are trusted in addition to the system's. */
  readonly caFile: string | undefined;
  readonly checkCertificate: boolean;
  /** The mechanism of the login; undefined for the best one that the server offers. */
  readonly mechanism: string | undefined;
  /** The requested notifications; empty if the server decides. */
  readonly notify: readonly Notice[];
  readonly chunking: Chunking;
}

/** The variables that are used in this file, with the interface of config/settings.ts. */
interface Variables {
  get(name: "smtptimeout" | "smtptotaltimeout"): number;
  get(name: "smtpconnecttimeout"): number | undefined;
  text(name: "starttls" | "cafile" | "certcheck" | "smtpauth" | "dsn" | "chunking"): string | undefined;
}

/**
 * Returns the settings.
 *
 * @throws MailError if a value is invalid
 */
export function serverSettings({
  identity,
  settings,
}: {
  readonly identity: { readonly mailName: string };
  readonly settings: Variables;
}): ServerSettings {
  return {
    mailName: identity.mailName,
    timeouts: serverTimeouts(settings),
    starttls: startTls(settings.text("starttls")),
    caFile: ignoreEmpty(settings.text("cafile")),
    checkCertificate: settings.text("certcheck") !== "no",
    mechanism: ignoreEmpty(settings.text("smtpauth")),
    notify: parseNotices(settings.text("dsn")),
    chunking: parseChunking(settings.text("chunking")),
  };
}

/** Returns the time limits in milliseconds. The variables are in seconds. */
export function serverTimeouts(settings: Variables): ServerSettings["timeouts"] {
  const silence = Math.max(1, settings.get("smtptimeout") * 1000);
  const connect = settings.get("smtpconnecttimeout");
  return {
    connect: connect === undefined ? silence : Math.max(1, connect * 1000),
    silence,
    total: settings.get("smtptotaltimeout") * 1000,
  };
}

function ignoreEmpty(value: string | undefined): string | undefined {
  return value === "" ? undefined : value;
}

function startTls(value: string | undefined): StartTls | undefined {
  if (value === undefined) return undefined;
  if (value === "required" || value === "opportunistic" || value === "none") return value;
  throw new MailError(
    `starttls: "${value}" is invalid; use ${joinAlternatives(["required", "opportunistic", "none"])}`,
    Exit.Config,
  );
}

function parseChunking(value: string | undefined): Chunking {
  if (value === undefined || value === "large") return "large";
  if (value === "" || value === "always") return "always";
  if (value === "never") return value;
  throw new MailError(
    `chunking: "${value}" is invalid; use ${joinAlternatives(["always", "large", "never"])}`,
    Exit.Config,
  );
}

function parseNotices(value: string | undefined): Notice[] {
  if (value === undefined || value === "") return [];
  const words = value
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((word) => word !== "");
  const wrong = words.find((word) => !["never", "success", "failure", "delay"].includes(word));
  if (wrong !== undefined || (words.includes("never") && words.length > 1)) {
    throw new MailError(
      `dsn: "${value}" is invalid; use never, or one or more of success, failure and delay`,
      Exit.Config,
    );
  }
  return words as Notice[];
}
