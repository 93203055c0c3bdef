/** The trusted certificates: the system's authorities and those in the user's file. */
import { readFileSync } from "node:fs";
import { Exit, MailError } from "../errors.ts";
import { addPathToError, isSystemError } from "../system-error.ts";

/** The certificate bundles of Debian and Fedora. If neither exists, Node's own list is used. */
const bundles = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"];

/**
 * Returns the trusted certificates.
 *
 * @param file the user's file; undefined or empty if there is none
 * @throws MailError if the file cannot be read
 */
export async function loadAuthorities(file: string | undefined): Promise<string[]> {
  const own = file === undefined || file === "" ? [] : [certificatesIn(file)];
  const system = bundles.map(readIfPresent).find((text) => text !== undefined);
  if (system !== undefined) return [system, ...own];
  const { rootCertificates } = await import("node:tls");
  return [...rootCertificates, ...own];
}

function certificatesIn(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, "latin1");
  } catch (error) {
    throw addPathToError(path, error, Exit.Config);
  }
  if (!text.includes("-----BEGIN CERTIFICATE-----"))
    throw new MailError(`${path}: contains no certificate`, Exit.Config);
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
