/** The settings of a dialogue with a server, as the variables define them. */
import { Exit, joinAlternatives, MailError } from "../errors.ts";
import type { Notice } from "./transport.ts";

/** The use of STARTTLS (RFC 3207). */
export type StartTls = "required" | "opportunistic" | "none";

/** The use of BDAT (RFC 3030) if the server offers it; "large" restricts it to large messages. */
export type Chunking = "always" | "large" | "never";

/** The use of an invalid certificate: "warn" prints a warning, and "ask" asks on a terminal and otherwise refuses it. */
export type CertificateCheck = "yes" | "no" | "warn" | "ask";

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
  /** A directory of files that contain additional trusted certificates. */
  readonly caDirectory: string | undefined;
  /** Whether the system's authorities are trusted. */
  readonly trustsSystem: boolean;
  /** The PEM files that identify this client; the key may be in the certificate's file. */
  readonly clientCertificate: { readonly certificate: string; readonly key: string } | undefined;
  readonly minVersion: "TLSv1.2" | "TLSv1.3";
  readonly certificateCheck: CertificateCheck;
  /** Whether a login is permitted on a connection that is not encrypted. */
  readonly allowsClearLogin: boolean;
  /** The login mechanism; undefined for the best mechanism that the server offers. */
  readonly mechanism: string | undefined;
  /** The requested notifications; empty if the server decides. */
  readonly notify: readonly Notice[];
  readonly chunking: Chunking;
}

/** The variables that are used in this file, with the interface of config/settings.ts. */
interface Variables {
  get(name: "smtptimeout" | "smtptotaltimeout"): number;
  get(name: "smtpconnecttimeout"): number | undefined;
  text(name: "dsn" | "chunking"): string | undefined;
  find(
    name: AccountVariable,
    accounts: readonly string[],
  ): { readonly name: string; readonly value: string } | undefined;
}

type AccountVariable =
  | "starttls"
  | "cafile"
  | "cadir"
  | "systemca"
  | "clientcert"
  | "clientkey"
  | "certcheck"
  | "smtpauth"
  | "tlsminversion";

/**
 * Returns the settings.
 *
 * @param accounts the suffixes of variables for the account, such as `USER@HOST` and `HOST`
 * @throws MailError if a value is invalid
 */
export function serverSettings(
  {
    identity,
    settings,
  }: { readonly identity: { readonly mailName: string; readonly home: string }; readonly settings: Variables },
  accounts: readonly string[] = [],
): ServerSettings {
  const text = (name: AccountVariable) => ignoreEmpty(settings.find(name, accounts)?.value);
  const path = (name: "cafile" | "cadir" | "clientcert" | "clientkey") =>
    text(name)?.replace(/^~(?=\/)/, () => identity.home);
  const starttls = settings.find("starttls", accounts);
  const mechanism = settings.find("smtpauth", accounts);
  // In heirloom mailx, smtp-auth without smtp-use-starttls means a login without encryption. TLS is used if the server
  // offers it.
  // A token must not be sent to a server without a valid certificate.
  const isHeirloomLogin =
    starttls === undefined &&
    mechanism?.name.startsWith("smtp-auth") === true &&
    !["none", "oauthbearer", "xoauth2"].includes(mechanism.value);
  const [certificate, key] = [path("clientcert"), path("clientkey")];
  return {
    mailName: identity.mailName,
    timeouts: serverTimeouts(settings),
    starttls: isHeirloomLogin ? "opportunistic" : startTls(starttls?.value),
    allowsClearLogin: isHeirloomLogin || starttls?.value === "none",
    caFile: path("cafile"),
    caDirectory: path("cadir"),
    trustsSystem: chooseSetting("systemca", text("systemca"), { yes: true, no: false }, "yes"),
    clientCertificate: clientCertificate(certificate, key),
    minVersion: chooseSetting<ServerSettings["minVersion"]>(
      "tlsminversion",
      text("tlsminversion"),
      { "1.2": "TLSv1.2", "1.3": "TLSv1.3" },
      "1.2",
    ),
    certificateCheck: chooseSetting<CertificateCheck>(
      "certcheck",
      text("certcheck"),
      { yes: "yes", no: "no", warn: "warn", ask: "ask" },
      isHeirloomLogin ? "warn" : "yes",
    ),
    mechanism: ignoreEmpty(mechanism?.value),
    notify: parseNotices(settings.text("dsn")),
    chunking: parseChunking(settings.text("chunking")),
  };
}

function clientCertificate(certificate: string | undefined, key: string | undefined) {
  if (certificate !== undefined) return { certificate, key: key ?? certificate };
  if (key === undefined) return undefined;
  throw new MailError("clientkey: has no effect without clientcert; set clientcert=FILE", Exit.Config);
}

/** Returns the meaning of a value from a list of permitted values. @throws MailError for any other value */
function chooseSetting<Value>(
  name: AccountVariable,
  value: string | undefined,
  values: Readonly<Record<string, Value>>,
  fallback: string,
): Value {
  const word = value ?? fallback;
  const found = Object.hasOwn(values, word) ? values[word] : undefined;
  if (found !== undefined) return found;
  throw new MailError(`${name}: "${word}" is invalid; use ${joinAlternatives(Object.keys(values))}`, Exit.Config);
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
