/**
 * Implements the TLS policy for connections to mail servers. The policy determines whether a connection is encrypted,
 * which certificates are accepted, and whether a weaker attempt may follow a failure. All protocols share this policy.
 */
import { Exit, joinAlternatives, MailError } from "../errors.ts";
import { notify } from "../notices.ts";
import { isLoopback } from "./socket.ts";

/** The use of STARTTLS (RFC 3207, RFC 2595). */
export type StartTls = "required" | "opportunistic" | "none";

/**
 * The treatment of an invalid certificate. "warn" prints a warning. "ask" asks the user on a terminal, and otherwise
 * refuses the certificate.
 */
type CertificateCheck = "yes" | "no" | "warn" | "ask";

/** The encryption settings, as the variables define them. */
export interface TlsSettings {
  /** The use of STARTTLS; undefined if the kind of server determines it. */
  readonly starttls: StartTls | undefined;
  /** A file that contains additional trusted certificates. */
  readonly caFile: string | undefined;
  /** A directory of files that contain additional trusted certificates. */
  readonly caDirectory: string | undefined;
  /** Whether the system's certificate authorities are trusted. */
  readonly trustsSystem: boolean;
  /** The PEM files that identify this client. One file may contain both the certificate and the key. */
  readonly clientCertificate: { readonly certificate: string; readonly key: string } | undefined;
  readonly minVersion: "TLSv1.2" | "TLSv1.3";
  readonly certificateCheck: CertificateCheck;
  /** Whether a login is permitted over an unencrypted connection. */
  readonly allowsClearLogin: boolean;
}

/** The variables on which this policy depends. */
export type TlsVariable =
  | "starttls"
  | "cafile"
  | "cadir"
  | "systemca"
  | "clientcert"
  | "clientkey"
  | "certcheck"
  | "tlsminversion";

/** The variables, as config/settings.ts provides them. */
interface Variables {
  find(name: TlsVariable, accounts: readonly string[]): { readonly value: string } | undefined;
}

/**
 * Returns the settings.
 *
 * @param accounts the suffixes of the account's variables, such as `USER@HOST` and `HOST`
 * @param isHeirloomLogin whether heirloom mailx's smtp-auth variable requests the login. Without smtp-use-starttls,
 *   heirloom mailx logs in without encryption; `mail` uses TLS if the server offers it
 * @throws MailError if a value is invalid
 */
export function readTlsSettings(
  { identity, settings }: { readonly identity: { readonly home: string }; readonly settings: Variables },
  accounts: readonly string[] = [],
  isHeirloomLogin = false,
): TlsSettings {
  const text = (name: TlsVariable) => settings.find(name, accounts)?.value || undefined;
  const path = (name: "cafile" | "cadir" | "clientcert" | "clientkey") =>
    text(name)?.replace(/^~(?=\/)/, () => identity.home);
  const starttls = settings.find("starttls", accounts)?.value;
  const [certificate, key] = [path("clientcert"), path("clientkey")];
  return {
    starttls: isHeirloomLogin ? "opportunistic" : parseStartTls(starttls),
    allowsClearLogin: isHeirloomLogin || starttls === "none",
    caFile: path("cafile"),
    caDirectory: path("cadir"),
    trustsSystem: chooseSetting("systemca", text("systemca"), { yes: true, no: false }, "yes"),
    clientCertificate: pairClientCertificate(certificate, key),
    minVersion: chooseSetting<TlsSettings["minVersion"]>(
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
  };
}

function pairClientCertificate(certificate: string | undefined, key: string | undefined) {
  if (certificate !== undefined) return { certificate, key: key ?? certificate };
  if (key === undefined) return undefined;
  throw new MailError("clientkey: has no effect without clientcert; set clientcert=FILE", Exit.Config);
}

/** Returns the setting for a permitted value. @throws MailError for any other value */
function chooseSetting<Value>(
  name: TlsVariable,
  value: string | undefined,
  values: Readonly<Record<string, Value>>,
  fallback: string,
): Value {
  const word = value ?? fallback;
  const found = Object.hasOwn(values, word) ? values[word] : undefined;
  if (found !== undefined) return found;
  throw new MailError(`${name}: "${word}" is invalid; use ${joinAlternatives(Object.keys(values))}`, Exit.Config);
}

function parseStartTls(value: string | undefined): StartTls | undefined {
  if (value === undefined) return undefined;
  if (value === "required" || value === "opportunistic" || value === "none") return value;
  throw new MailError(
    `starttls: "${value}" is invalid; use ${joinAlternatives(["required", "opportunistic", "none"])}`,
    Exit.Config,
  );
}

/** The properties of a server that determine how a connection to it is encrypted. */
export interface TlsServer {
  readonly host: string;
  readonly socket?: string | undefined;
  /** Whether TLS begins as soon as the connection is open, as with smtps and imaps (RFC 8314). */
  readonly usesImplicitTls: boolean;
  /** Whether STARTTLS is required even without a login, as in the submission protocol. */
  readonly expectsTls: boolean;
  readonly hasLogin: boolean;
}

/**
 * The encryption of one attempt to connect, and whether the attempt checks the certificate. If the policy permits less
 * security, an attempt may be less secure than the previous attempt.
 */
export interface Attempt {
  readonly starttls: StartTls;
  readonly checksCertificate: boolean;
}

/** Returns the first attempt to connect to a server. */
export function firstAttempt(server: TlsServer, settings: TlsSettings): Attempt {
  const starttls = chooseStartTls(server, settings.starttls);
  // Opportunistic TLS accepts an invalid certificate, because the alternative is no encryption. A login requires a
  // valid certificate.
  const isOpportunistic = starttls === "opportunistic" && !server.hasLogin;
  return { starttls, checksCertificate: settings.certificateCheck !== "no" && !isOpportunistic };
}

function chooseStartTls(server: TlsServer, starttls: StartTls | undefined): StartTls {
  if (server.usesImplicitTls || server.socket !== undefined) return "none";
  if (starttls !== undefined) return starttls;
  if (isLoopback(server)) return server.hasLogin ? "opportunistic" : "none";
  return server.hasLogin || server.expectsTls ? "required" : "opportunistic";
}

/** A failed attempt. */
export interface AttemptFailure {
  /** The server's name and the reason why its certificate is invalid; undefined for any other error. */
  readonly certificateProblem: string | undefined;
  /** Whether TLS could not be started. */
  readonly isTlsError: boolean;
}

/**
 * Returns the next attempt after a failure; undefined if the policy permits none.
 *
 * @param acceptCertificate asks the user whether to accept the certificate despite the reason; returns false if there
 *   is no terminal
 */
export async function weakerAttempt(
  { starttls, checksCertificate }: Attempt,
  { certificateProblem: problem, isTlsError }: AttemptFailure,
  { hasLogin }: TlsServer,
  { certificateCheck, allowsClearLogin }: TlsSettings,
  acceptCertificate: (reason: string) => Promise<boolean>,
): Promise<Attempt | undefined> {
  if (problem !== undefined && checksCertificate && certificateCheck !== "yes") {
    if (certificateCheck === "warn") notify(`${problem}; the connection is used anyway`);
    else if (!(await acceptCertificate(problem))) return undefined;
    return { starttls, checksCertificate: false };
  }
  // RFC 7435: opportunistic encryption falls back to plain text.
  const mayBeClear = !hasLogin || (allowsClearLogin && problem === undefined);
  return starttls === "opportunistic" && mayBeClear && isTlsError ? { starttls: "none", checksCertificate } : undefined;
}
