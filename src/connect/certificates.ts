/** Loads the trusted certificates, from the system and from the user's files, and the certificate of this client. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Exit, MailError } from "../errors.ts";
import { addPathToError, isSystemError } from "../system-error.ts";

/** The certificate bundles of Debian and Fedora. If neither exists, Node's own list is used. */
const bundles = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"];

const begin = "-----BEGIN CERTIFICATE-----";

/** The variables cafile, cadir and systemca. */
interface Trust {
  readonly caFile: string | undefined;
  readonly caDirectory: string | undefined;
  readonly trustsSystem: boolean;
}

/**
 * Returns the trusted certificates.
 *
 * @throws MailError if a file cannot be read or contains no certificate
 */
export async function loadAuthorities({ caFile, caDirectory, trustsSystem }: Trust): Promise<string[]> {
  const own = [
    ...(caFile === undefined ? [] : [certificatesIn(caFile)]),
    ...(caDirectory === undefined ? [] : certificatesInDirectory(caDirectory)),
  ];
  if (!trustsSystem) return own;
  const system = bundles.map(readIfPresent).find((text) => text !== undefined);
  if (system !== undefined) return [system, ...own];
  const { rootCertificates } = await import("node:tls");
  return [...rootCertificates, ...own];
}

/** Returns the certificate and the private key of this client. @throws MailError if a file cannot be read */
export function loadClientCertificate({ certificate, key }: { readonly certificate: string; readonly key: string }): {
  certificate: string;
  key: string;
} {
  const found = readOwnFile(key);
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(found))
    throw new MailError(`${key}: contains no private key`, Exit.Config);
  return { certificate: certificatesIn(certificate), key: found };
}

function certificatesInDirectory(path: string): string[] {
  let names: string[];
  try {
    names = readdirSync(path);
  } catch (error) {
    throw addPathToError(path, error, Exit.Config);
  }
  const found = names.map((name) => readIfPresent(join(path, name))).filter((text) => text?.includes(begin) === true);
  if (found.length === 0) throw new MailError(`${path}: contains no certificate`, Exit.Config);
  return found as string[];
}

function readOwnFile(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch (error) {
    throw addPathToError(path, error, Exit.Config);
  }
}

function certificatesIn(path: string): string {
  const text = readOwnFile(path);
  if (!text.includes(begin)) throw new MailError(`${path}: contains no certificate`, Exit.Config);
  return text;
}

function readIfPresent(path: string): string | undefined {
  try {
    return readFileSync(path, "latin1");
  } catch (error) {
    if (isSystemError(error)) return undefined;
    throw error;
  }
}
