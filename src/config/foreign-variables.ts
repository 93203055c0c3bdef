/**
 * The variables of heirloom mailx, S-nail and GNU mail that `mail` does not have under any name. Synonyms are part of the
 * rows in variables.ts.
 */

/** A variable of another client that is not a synonym. */
type Foreign =
  /** The variable affects only that client, so it is accepted and ignored. */
  | "accepted"
  /**
   * The variable has a meaning that `mail` does not implement. Returns the reason and a remedy, or undefined if the
   * value has no effect.
   */
  | ((value: string) => string | undefined);

const refused =
  (remedy: string): Foreign =>
  () =>
    `not supported; ${remedy}`;

const utf8Only: Foreign = (value) =>
  /(^|[\s,])utf-?8($|[\s,])/i.test(value) || value === ""
    ? undefined
    : `"${value}" is not supported, because mail sends UTF-8; add utf-8 to the list, or unset the variable`;

/**
 * The other clients' variables by name. A variable is refused if it would change which message is sent, or how the
 * message is protected.
 */
export const foreignVariables: Readonly<Record<string, Foreign>> = {
  "nss-config-dir": "accepted",
  "ssl-method": "accepted",
  "ssl-rand-egd": "accepted",
  "ssl-rand-file": "accepted",
  "tls-rand-file": "accepted",
  "v15-compat": "accepted",
  "charset-8bit": utf8Only,
  sendcharsets: utf8Only,
  "ssl-ca-flags": refused("unset it"),
  "tls-ca-flags": refused("unset it"),
  "ssl-cipher": refused("use tlsminversion"),
  "ssl-cipher-list": refused("use tlsminversion"),
  "tls-ciphers": refused("use tlsminversion"),
  "ssl-config-file": refused("use tlsminversion, or OpenSSL's own configuration file"),
  "ssl-config-module": refused("use tlsminversion, or OpenSSL's own configuration file"),
  "tls-config-file": refused("use tlsminversion, or OpenSSL's own configuration file"),
  "tls-config-module": refused("use tlsminversion, or OpenSSL's own configuration file"),
  "ssl-config-pairs": refused("use tlsminversion, clientcert and clientkey"),
  "tls-config-pairs": refused("use tlsminversion, clientcert and clientkey"),
  "ssl-crl-dir": refused("remove the authority from cafile"),
  "ssl-crl-file": refused("remove the authority from cafile"),
  "tls-crl-dir": refused("remove the authority from cafile"),
  "tls-crl-file": refused("remove the authority from cafile"),
  "tls-fingerprint": refused("use cafile with the server's certificate"),
  "socks-proxy": refused("use a program such as msmtp as mta"),
  "smtp-config": refused("use smtpauth and starttls"),
  "mta-aliases": refused("use the command alias"),
  "mta-argv0": refused("use the program's path as mta"),
  "sendmail-progname": refused("use the program's path as mta"),
  "mta-arguments": refused('add the arguments to mta: set mta="PROGRAM ARGUMENTS"'),
  "sendmail-arguments": refused('add the arguments to mta: set mta="PROGRAM ARGUMENTS"'),
  "mta-no-default-arguments": refused("unset it; a sendmail program always receives -i and -t"),
  "sendmail-no-default-arguments": refused("unset it; a sendmail program always receives -i and -t"),
  customhdr: refused('use the option -a "NAME: VALUE"'),
  "disposition-notification-send": refused('use the option -a "Disposition-Notification-To: ADDRESS"'),
  "message-inject-head": refused("add the text to the message"),
  "message-inject-tail": refused("add the text to the message"),
  "netrc-pipe": refused("use passwordcommand"),
  "on-compose-enter": refused("unset it"),
  "on-compose-leave": refused("unset it"),
  "on-compose-splice": refused("unset it"),
  "on-compose-splice-shell": refused("unset it"),
  "smime-force-encryption": refused("use a program such as gpgsm to encrypt the message"),
  "smime-sign": refused("use a program such as gpgsm to sign the message"),
  stealthmua: refused('use the options -a "User-Agent:" and -a "Message-ID: <ID>"'),
};

/**
 * The first characters of names that form a family. `smime-encrypt-ann@example.org` encrypts messages to that
 * recipient; a name that begins with a dot, such as `.mailer.url`, is a statement in GNU mail's configuration.
 */
const foreignFamilies: Readonly<Record<string, Foreign>> = {
  ".": refused("set a variable, such as mta, folder or MAIL"),
  "smime-encrypt-": refused("use a program such as gpgsm to encrypt the message"),
};

/** Returns the reason why a variable of another client is not supported; undefined if it is supported or unknown. */
export function describeForeign(name: string, value: string): string | undefined {
  const family = Object.keys(foreignFamilies).find((start) => name.startsWith(start));
  const own = Object.hasOwn(foreignVariables, name) ? foreignVariables[name] : undefined;
  const found = family === undefined ? own : foreignFamilies[family];
  return found === undefined || found === "accepted" ? undefined : found(value);
}
