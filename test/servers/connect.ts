/** Connects to a private server with the password, and verifies its certificate. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type ConnectionSettings, ImapConnection } from "../../src/mailbox/imap/connection.ts";
import { certificates, type Dovecot, password } from "./dovecot.ts";

/** Returns the settings of a connection to a server with the tests' certificate. */
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

/** Opens a connection by imaps. */
export function connectTo({ imapsPort }: Dovecot, user = "ann"): Promise<ImapConnection> {
  return ImapConnection.open(settingsFor(imapsPort, {}, user));
}
