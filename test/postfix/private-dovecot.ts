/** Runs a private Dovecot that authenticates Postfix's clients and accepts LMTP for its own mailboxes. */
import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { certificateFile } from "../account/support/authorization-server.ts";
import { readIfPresent, runDovecot } from "../dovecot-program.ts";
import { findFreePort } from "../free-ports.ts";

export interface PrivateDovecot {
  /** The socket on which Postfix authenticates its clients. */
  readonly saslSocket: string;
  readonly lmtpSocket: string;
  /** Returns the path of a user's mailbox, which is in mbox format. */
  mailbox(user: string): string;
  stop(): Promise<void>;
}

/** The password of both users (games and root). */
export const password = 'pass "word" \\ 1';

/** The access token that replaces the password of the user games (RFC 6750). */
export const token = "token.of-games";

/**
 * A server that tells Dovecot who owns a token (RFC 7662). The server is a separate process, because the test process
 * is blocked while `mail` runs.
 */
const tokenServer = `
  const answer = (body) => (body.includes("${token}") ? { active: true, username: "games" } : { active: false });
  require("node:http").createServer((request, response) => {
    let body = "";
    request.on("data", (piece) => { body += piece; });
    request.on("end", () => response.end(JSON.stringify(answer(body))));
  }).listen(Number(process.argv[1]), "127.0.0.1");
`;

/**
 * Starts Dovecot.
 *
 * @param directory an empty directory
 * @param introspection the URL for token introspection (RFC 7662); without a URL, only the token `token` is valid
 */
export async function startDovecot(directory: string, introspection?: string): Promise<PrivateDovecot> {
  for (const program of ["/usr/sbin/dovecot", "/usr/lib/dovecot/lmtp"]) {
    if (!existsSync(program)) throw new Error(`${program} is missing: apt-get install dovecot-core dovecot-lmtpd`);
  }
  const mail = join(directory, "mail");
  mkdirSync(mail, { recursive: true });
  chmodSync(directory, 0o755);
  chmodSync(mail, 0o777);
  const [saslSocket, lmtpSocket, log] = ["sasl", "lmtp", "log"].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  const tokenPort = await findFreePort();
  const tokens = spawn(process.execPath, ["-e", tokenServer, String(tokenPort)], { stdio: "ignore" });
  // Dovecot's user may be unable to read files in the checkout.
  const authority = join(directory, "authority.pem");
  writeFileSync(authority, readFileSync(certificateFile), { mode: 0o644 });
  writeFileSync(
    join(directory, "oauth2.conf"),
    `introspection_mode = post
introspection_url = ${introspection ?? `http://127.0.0.1:${tokenPort}/`}
tls_ca_cert_file = ${authority}
username_attribute = username
active_attribute = active
active_value = true
`,
    { mode: 0o644 },
  );
  writeFileSync(join(directory, "users"), `games:{PLAIN}${password}\nroot:{PLAIN}${password}\n`, { mode: 0o644 });
  writeFileSync(
    join(directory, "dovecot.conf"),
    `base_dir = ${join(directory, "run")}
state_dir = ${join(directory, "state")}
log_path = ${log}
protocols = lmtp
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256 oauthbearer xoauth2
auth_username_format = %n
auth_failure_delay = 0
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
first_valid_uid = 1
mail_location = mbox:${mail}/%n:INBOX=${mail}/%n.inbox
mbox_write_locks = fcntl
passdb {
  driver = oauth2
  mechanisms = oauthbearer xoauth2
  args = ${join(directory, "oauth2.conf")}
}
passdb {
  driver = passwd-file
  args = ${join(directory, "users")}
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=${mail}/%n
}
service auth {
  unix_listener ${saslSocket} {
    mode = 0666
  }
}
service lmtp {
  unix_listener ${lmtpSocket} {
    mode = 0666
  }
}
service stats {
  unix_listener stats-writer {
    mode = 0666
  }
}
`,
  );
  const dovecot = await runDovecot(join(directory, "dovecot.conf"), { log, created: [saslSocket, lmtpSocket] });
  return {
    saslSocket,
    lmtpSocket,
    mailbox: (user) => readIfPresent(join(mail, `${user}.inbox`)),
    stop: async () => {
      tokens.kill("SIGTERM");
      await dovecot.stop();
    },
  };
}
