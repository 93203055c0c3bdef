/** Runs a private Dovecot as an ordinary user, with its own directory, loopback ports and certificate. */
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { listOpenFiles } from "../../scripts/open-files.mjs";
import { readIfPresent, runDovecot } from "../dovecot-program.ts";
import { findFreePorts } from "../free-ports.ts";

const isRoot = process.geteuid?.() === 0;

export const certificates = join(import.meta.dirname, "../fixtures/tls");

/** The mailbox formats in which Dovecot stores messages. */
export const formats = ["mbox", "maildir", "sdbox"] as const;
export type Format = (typeof formats)[number];

export interface Dovecot {
  readonly imapPort: number;
  readonly imapsPort: number;
  readonly directory: string;
  /** Returns the commands of all sessions, and the sizes of the server's responses. */
  readRawLogs(): RawLog[];
  /** Deletes the logs of all previous sessions. */
  clearRawLogs(): void;
  /** Ends all sessions, as if the connections had been lost. */
  endSessions(): void;
  /** Returns Dovecot's own log. */
  readLog(): string;
  stop(): Promise<void>;
}

export interface RawLog {
  /** The lines that the client sent, without tags. The lines of literals are included. */
  readonly commands: readonly string[];
  /** The number of bytes that the server sent after the login. */
  readonly sent: number;
}

/** The users. The users share a password, but have separate home directories. */
export const users = ["ann", "bob", "small"] as const;
export const password = 'pass "word" \\ 1';

const locations: Readonly<Record<Format, string>> = {
  mbox: "mbox:~/mail:INBOX=~/inbox",
  maildir: "maildir:~/Maildir",
  sdbox: "sdbox:~/sdbox",
};

/** The path of the Dovecot program on Debian or on other systems; undefined if it is not installed. */
export const dovecotProgram = ["/usr/sbin/dovecot", "/usr/local/sbin/dovecot"].find((path) => existsSync(path));

/** Returns the user that Dovecot runs as: the current user, or `nobody` if the current user is root. */
function ordinaryUser(): { readonly uid: number; readonly gid: number; readonly name: string; readonly group: string } {
  if (isRoot) return { uid: 65534, gid: 65534, name: "nobody", group: "nogroup" };
  const { uid, gid, username } = userInfo();
  const group = readFileSync("/etc/group", "utf8")
    .split("\n")
    .find((line) => line.split(":")[2] === `${gid}`);
  return { uid, gid, name: username, group: group?.split(":")[0] ?? `${gid}` };
}

/**
 * Starts Dovecot.
 *
 * @param options.without the capabilities that Dovecot must not announce
 * @param options.mostMessages the maximum number of messages per user; 0 for no limit
 * @param options.secret the password for all users
 * @param options.introspection the URL for OAuth2 token introspection (RFC 7662)
 */
export async function startDovecot(
  format: Format,
  {
    without = [],
    introspection,
    mostMessages = 0,
    secret = password,
  }: {
    readonly without?: readonly string[];
    readonly introspection?: string;
    readonly mostMessages?: number;
    readonly secret?: string;
  } = {},
): Promise<Dovecot> {
  if (dovecotProgram === undefined) throw new Error("Dovecot is missing: apt-get install dovecot-imapd");
  const owner = ordinaryUser();
  const directory = mkdtempSync(join(tmpdir(), "mail-dovecot-"));
  const [imapPort = 0, imapsPort = 0] = await findFreePorts(2);
  for (const user of users) {
    mkdirSync(join(directory, user, "dovecot.rawlog"), { recursive: true });
    mkdirSync(join(directory, user, "mail"));
    for (const place of ["", "dovecot.rawlog", "mail"]) chownSync(join(directory, user, place), owner.uid, owner.gid);
  }
  writeFileSync(join(directory, "users"), users.map((user) => `${user}:{PLAIN}${secret}\n`).join(""), {
    mode: 0o644,
  });
  for (const name of ["localhost.pem", "localhost.key"]) {
    writeFileSync(join(directory, name), readFileSync(join(certificates, name)), { mode: 0o600 });
    chownSync(join(directory, name), owner.uid, owner.gid);
  }
  const oauth = join(directory, "oauth2.conf");
  if (introspection !== undefined) {
    const settings = {
      introspection_mode: "post",
      introspection_url: introspection,
      username_attribute: "username",
      active_attribute: "active",
      active_value: "true",
      tls_ca_cert_file: join(directory, "localhost.pem"),
    };
    const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`);
    writeFileSync(oauth, lines.join(""), { mode: 0o644 });
  }
  const configuration = join(directory, "dovecot.conf");
  writeFileSync(
    configuration,
    `base_dir = ${join(directory, "run")}
state_dir = ${join(directory, "state")}
log_path = ${join(directory, "log")}
protocols = imap
listen = 127.0.0.1
default_internal_user = ${owner.name}
default_internal_group = ${owner.group}
default_login_user = ${owner.name}
auth_mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256${introspection === undefined ? "" : " oauthbearer xoauth2"}
auth_failure_delay = 0
disable_plaintext_auth = yes
first_valid_uid = 1
ssl = yes
ssl_cert = <${join(directory, "localhost.pem")}
ssl_key = <${join(directory, "localhost.key")}
mail_location = ${locations[format]}
mbox_write_locks = fcntl
mail_plugins = quota
protocol imap {
  mail_plugins = quota imap_quota
  rawlog_dir = %h/dovecot.rawlog
${without.length === 0 ? "" : `  imap_capability = ${capabilities.filter((each) => !without.includes(each)).join(" ")}\n`}}
plugin {
  quota = count:User quota
  quota_vsizes = yes
  quota_rule = *:messages=${mostMessages}
}
namespace inbox {
  inbox = yes
  separator = /
  mailbox Sent {
    special_use = \\Sent
    auto = create
  }
  mailbox Trash {
    special_use = \\Trash
    auto = create
  }
}
${introspection === undefined ? "" : `passdb {\n  driver = oauth2\n  mechanisms = oauthbearer xoauth2\n  args = ${oauth}\n}\n`}passdb {
  driver = passwd-file
  args = ${join(directory, "users")}
}
userdb {
  driver = static
  args = uid=${owner.uid} gid=${owner.gid} home=${directory}/%n
}
service anvil {
  chroot =
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service imap-login {
  chroot =
  process_min_avail = 1
  inet_listener imap {
    port = ${imapPort}
  }
  inet_listener imaps {
    port = ${imapsPort}
  }
}
service imap {
  process_min_avail = 1
}
`,
    { mode: 0o644 },
  );
  chmodSync(directory, 0o755);
  chownSync(directory, owner.uid, owner.gid);
  const dovecot = await runDovecot(configuration, {
    program: dovecotProgram,
    log: join(directory, "log"),
    created: [join(directory, "run/master.pid")],
    user: isRoot ? { uid: owner.uid, gid: owner.gid } : {},
  });
  const rawLogs = () =>
    users.flatMap((user) => {
      const place = join(directory, user, "dovecot.rawlog");
      return readdirSync(place).map((name) => join(place, name));
    });
  return {
    imapPort,
    imapsPort,
    directory,
    readLog: () => readIfPresent(join(directory, "log")),
    endSessions: () => {
      const connected = findConnectedProcesses(dovecot.pid);
      if (connected.length === 0) throw new Error("no client is connected to Dovecot");
      for (const child of connected) process.kill(child, "SIGKILL");
    },
    readRawLogs: () =>
      rawLogs()
        .filter((path) => path.endsWith(".in"))
        .sort()
        .map((path) => readRawLog(path)),
    clearRawLogs: () => {
      for (const path of rawLogs()) rmSync(path);
    },
    stop: async () => {
      await dovecot.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/**
 * Returns the ids of the processes that hold the TLS connections of Dovecot's clients. Killing a session's own process
 * instead could leave a lock file in the mailbox, and the next session would wait for minutes until the lock is stale.
 */
function findConnectedProcesses(parent: number | undefined): number[] {
  const isLogin = new RegExp(`^\\d+ \\(imap-login\\) \\S ${parent} `);
  const established = new Set(
    readIfPresent("/proc/net/tcp")
      .split("\n")
      .map((line) => line.trim().split(/ +/))
      .filter((fields) => fields[3] === "01")
      .map((fields) => `socket:[${fields[9]}]`),
  );
  const isConnected = (pid: string) => listOpenFiles(pid).some((target) => established.has(target));
  return readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid) && isLogin.test(readIfPresent(`/proc/${pid}/stat`)) && isConnected(pid))
    .map(Number);
}

/** The capabilities that Dovecot 2.3 announces after the login, without the login mechanisms. */
const capabilities = (
  "IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE SORT SORT=DISPLAY THREAD=REFERENCES THREAD=REFS THREAD=ORDEREDSUBJECT " +
  "MULTIAPPEND URL-PARTIAL CATENATE UNSELECT CHILDREN NAMESPACE UIDPLUS LIST-EXTENDED I18NLEVEL=1 CONDSTORE QRESYNC " +
  "ESEARCH ESORT SEARCHRES WITHIN CONTEXT=SEARCH LIST-STATUS BINARY MOVE SNIPPET=FUZZY PREVIEW=FUZZY PREVIEW STATUS=SIZE " +
  "SAVEDATE LITERAL+ NOTIFY SPECIAL-USE QUOTA"
).split(" ");

/** Reads the log of one session. Dovecot begins each line with the time at which the line was received or sent. */
function readRawLog(path: string): RawLog {
  const lines = readFileSync(path, "latin1").split(/\r?\n/);
  const commands = lines
    .map((line) => line.replace(/^\d+\.\d+ /, "").replace(/^[0-9A-F]+ /, ""))
    .filter((line) => line !== "");
  const out = readFileSync(path.replace(/in$/, "out"), "latin1").replace(/^\d+\.\d+ /gm, "");
  return { commands, sent: out.length };
}

/**
 * The commands that must never be sent while a folder is selected. Some of these commands can affect messages that the
 * session did not change.
 */
const forbidden = [
  /^EXPUNGE\b/i,
  /^CLOSE\b/i,
  /^STORE\b/i,
  /^COPY\b/i,
  /^MOVE\b/i,
  /^FETCH\b/i,
  /^UID STORE \S+ (?:\(.*\) )?FLAGS/i,
  /^UID FETCH .*\bBODY\[/i,
  /^UID FETCH .*\bRFC822(?!\.SIZE|\.HEADER)/i,
];

/** Returns the forbidden commands that were sent. */
export function forbiddenCommands(logs: readonly RawLog[]): string[] {
  return logs.flatMap(({ commands }) => commands.filter((line) => forbidden.some((each) => each.test(line))));
}

/**
 * Writes a password file for user ann to a home directory.
 *
 * @returns the arguments of `set` that make mail trust the server
 */
export function prepareHome(home: string): string {
  writeFileSync(join(home, ".netrc"), `machine localhost login ann password ${JSON.stringify(password)}\n`, {
    mode: 0o600,
  });
  return `cafile=${join(certificates, "localhost.pem")} systemca=no`;
}
