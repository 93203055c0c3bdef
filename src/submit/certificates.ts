/** Whose certificates are believed: the system's authorities, and those of a file beside them. */
import { readFileSync } from "node:fs";
import { Exit, MailError } from "../errors.ts";
import { addPathToError, isSystemError } from "../system-error.ts";

/** Debian's and Fedora's; where there is none, Node's own list counts. */
const bundles = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"];

/** @param file named by the user; undefined or empty: the system's alone. @throws MailError for one that can't be read */
export async function authorities(file: string | undefined): Promise<string[]> {
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
