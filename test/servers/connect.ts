/** Connects to a private server with the tests' password, and verifies the server's certificate. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Login } from "../../src/connect/login.ts";
import type { TlsSettings } from "../../src/connect/tls-policy.ts";
import { ImapConnection } from "../../src/mailbox/imap/imap-connection.ts";
import type { ConnectionSettings } from "../../src/mailbox/imap/imap-flow.ts";
import type { MailboxOptions } from "../../src/mailbox/mailbox.ts";
import type { ServerAccess } from "../../src/mailbox/server-access.ts";
import { certificates, type Dovecot, password } from "./dovecot.ts";

/** Returns the settings for a connection to a server that uses the tests' certificate. */
export function settingsFor(port: number, changes: Partial<ConnectionSettings> = {}, user = "ann"): ConnectionSettings {
  return {
    host: "localhost",
    port,
    isSecure: true,
    starttls: "required",
    tls: {
      ca: [readFileSync(join(certificates, "localhost.pem"), "utf8")],
      minVersion: "TLSv1.2",
      rejectUnauthorized: true,
    },
    timeouts: { connect: 20_000, silence: 20_000 },
    explainTls: () => undefined,
    logIn: ({ authenticate }) =>
      authenticate("PLAIN", Buffer.from(`\0${user}\0${password}`).toString("base64"), () => ""),
    ...changes,
  };
}

/** Opens an IMAPS connection. */
export function connectTo({ imapsPort }: Dovecot, user = "ann"): Promise<ImapConnection> {
  return ImapConnection.open(settingsFor(imapsPort, {}, user));
}

/** Returns the options that are needed to open a user's mailboxes. @param changes the TLS settings to be changed */
export function accessFor(
  user = "ann",
  changes: Partial<TlsSettings> = {},
  timeouts = { connect: 20_000, silence: 20_000 },
): Required<Pick<MailboxOptions, "accessServer">> {
  const login: Login = {
    usesToken: false,
    find: async () => ({ user, secret: password, isToken: false }),
    refuse: async () => ({ isRetried: false, advice: "" }),
  };
  const tls: TlsSettings = {
    starttls: "required",
    caFile: join(certificates, "localhost.pem"),
    caDirectory: undefined,
    trustsSystem: false,
    clientCertificate: undefined,
    minVersion: "TLSv1.2",
    certificateCheck: "yes",
    allowsClearLogin: false,
    ...changes,
  };
  const access: ServerAccess = { tls, timeouts, mechanism: undefined, login, acceptCertificate: async () => false };
  return { accessServer: async () => ({ user, access }) };
}
