/** Reads the settings for a dialogue with a server from the variables. */
import { readTlsSettings, type TlsSettings, type TlsVariable } from "../connect/tls-policy.ts";
import { Exit, joinAlternatives, MailError } from "../errors.ts";
import type { Notice } from "./transport.ts";

/** When to use BDAT (RFC 3030), if the server offers it. "large" restricts BDAT to large messages. */
export type Chunking = "always" | "large" | "never";

export interface ServerSettings extends TlsSettings {
  /** This host's name in EHLO. */
  readonly mailName: string;
  /**
   * Time limits in milliseconds: for the connection and greeting, for each reply, and for a complete message. A limit
   * of 0 for a complete message means no limit.
   */
  readonly timeouts: { readonly connect: number; readonly silence: number; readonly total: number };
  /** The login mechanism; undefined for the best mechanism that the server offers. */
  readonly mechanism: string | undefined;
  /** The requested notifications; empty if the server decides. */
  readonly notify: readonly Notice[];
  readonly chunking: Chunking;
}

/** The variables that this file reads, as config/settings.ts provides them. */
interface Variables {
  get(name: "smtptimeout" | "smtptotaltimeout"): number;
  get(name: "smtpconnecttimeout"): number | undefined;
  text(name: "dsn" | "chunking"): string | undefined;
  find(
    name: TlsVariable | "smtpauth",
    accounts: readonly string[],
  ): { readonly name: string; readonly value: string } | undefined;
}

/**
 * Returns the settings.
 *
 * @param accounts the suffixes of the account's variables, such as `USER@HOST` and `HOST`
 * @throws MailError if a value is invalid
 */
export function serverSettings(
  {
    identity,
    settings,
  }: { readonly identity: { readonly mailName: string; readonly home: string }; readonly settings: Variables },
  accounts: readonly string[] = [],
): ServerSettings {
  const starttls = settings.find("starttls", accounts);
  const mechanism = settings.find("smtpauth", accounts);
  // A token must not be sent to a server without a valid certificate.
  const isHeirloomLogin =
    starttls === undefined &&
    mechanism?.name.startsWith("smtp-auth") === true &&
    !["none", "oauthbearer", "xoauth2"].includes(mechanism.value);
  return {
    ...readTlsSettings({ identity, settings }, accounts, isHeirloomLogin),
    mailName: identity.mailName,
    timeouts: serverTimeouts(settings),
    mechanism: mechanism?.value || undefined,
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
