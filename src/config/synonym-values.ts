/** Converts the values of variables in heirloom mailx, S-nail and GNU mail to those of the equivalent variables in `mail`. */
import { Exit, joinAlternatives, MailError } from "../errors.ts";

/**
 * Converts another client's value to the value of the variable in `mail`. Returns undefined if the value is equivalent
 * to an unset variable.
 *
 * @throws MailError with Exit.Config if the value cannot be honoured
 */
export type Convert = (value: string, name: string) => string | undefined;

/** Returns a conversion that accepts only the listed values. */
function oneOf(values: Readonly<Record<string, string>>): Convert {
  return (value, name) => {
    const found = values[value.toLowerCase()];
    if (found !== undefined) return found;
    throw new MailError(
      `${name}: "${value}" is not supported; nothing was sent; use ${joinAlternatives(Object.keys(values))}`,
      Exit.Config,
    );
  };
}

/** Converts the value of heirloom mailx's `smtp` variable, `[smtp[s]://]host[:port]`, to a URL. */
export const toServerUrl: Convert = (value) => {
  if (value === "") return undefined;
  return /^[a-z]+:/i.test(value) && !/^[^/]*:\d+\/?$/.test(value) ? value : `smtp://${value}`;
};

/** Converts S-nail's ssl-verify to certcheck. */
export const toCertificateCheck = oneOf({ ignore: "no", warn: "warn", ask: "ask", strict: "yes" });

/** Converts a login mechanism of heirloom mailx or S-nail. */
export const toMechanism = oneOf({
  none: "none",
  login: "login",
  plain: "plain",
  "cram-md5": "cram-md5",
  "scram-sha-1": "scram-sha-1",
  "scram-sha-256": "scram-sha-256",
  external: "external",
  oauthbearer: "oauthbearer",
  xoauth2: "xoauth2",
});

/**
 * Returns the minimum version of TLS that an OpenSSL protocol list such as `-ALL,+TLSv1.2` permits. The result is at
 * least TLS 1.2, Node's default, even if the list permits older versions.
 */
export const toTlsVersion: Convert = (value) => {
  const allowed = new Set<string>();
  const versions = ["SSLV3", "TLSV1", "TLSV1.1", "TLSV1.2", "TLSV1.3"];
  const words = value.split(/[\s,]+/).filter((word) => word !== "");
  if (words.length === 0 || words[0]?.startsWith("-")) for (const version of versions) allowed.add(version);
  for (const word of words) {
    const name = word.replace(/^[-+]/, "").toUpperCase();
    for (const version of name === "ALL" ? versions : [name]) {
      if (word.startsWith("-")) allowed.delete(version);
      else allowed.add(version);
    }
  }
  return allowed.size === 1 && allowed.has("TLSV1.3") ? "1.3" : "1.2";
};

/**
 * Returns whether S-nail's list of accepted recipients includes files and commands. An empty list accepts all
 * recipients.
 */
export function acceptsFilesAndCommands(list: string): boolean {
  let isAccepted = list.trim() === "";
  for (const word of list.toLowerCase().split(/[\s,]+/)) {
    if (/^\+?(?:all|file|pipe)$/.test(word)) isAccepted = true;
    if (/^-(?:all|file|pipe)$|^restrict$/.test(word)) isAccepted = false;
  }
  return isAccepted;
}
