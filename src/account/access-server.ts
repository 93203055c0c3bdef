/** Provides the settings and the login for a mailbox on a server. */
import type { Config } from "../config/config.ts";
import { readTlsSettings } from "../connect/tls-policy.ts";
import type { AccountAccess, ServerAddress } from "../mailbox/server-access.ts";
import { serverTimeouts } from "../submit/transport-settings.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { findServerAccount } from "./find-account.ts";
import type { Logins } from "./logins.ts";

/**
 * Returns the user name and the access settings for a mailbox on a server, as the account's variables define them.
 *
 * @throws MailError if a setting is invalid
 */
export async function accessServer(
  config: Config,
  terminal: Terminal,
  logins: Logins,
  { host, port, user: named }: ServerAddress,
): Promise<AccountAccess> {
  const account = await findServerAccount(config, { protocol: "imap", host, port, user: named });
  const user = account.user ?? config.identity.login;
  const { connect, silence } = serverTimeouts(config.settings);
  return {
    user,
    access: {
      tls: readTlsSettings(config, account.suffixes),
      timeouts: { connect, silence },
      mechanism: undefined,
      login: logins.loginTo({ protocol: "imap", host, port, user }),
      acceptCertificate: async (reason) => terminal.rich && terminal.confirm(`${reason}. Connect anyway`),
    },
  };
}
