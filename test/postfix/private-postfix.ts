/** A Postfix of our own: loopback alone, with its own queue, spool and log. The system's is neither read nor touched. */
import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";

export interface PrivatePostfix {
  readonly port: number;
  readonly domain: string;
  /** Where local(8) puts the mailboxes. */
  readonly spool: string;
  readLog(): string;
  stop(): void;
}

const services = `
smtpd-here   inet  n       -       n       -       -       smtpd
pickup       unix  n       -       n       60      1       pickup
cleanup      unix  n       -       n       -       0       cleanup
qmgr         unix  n       -       n       300     1       qmgr
rewrite      unix  -       -       n       -       -       trivial-rewrite
bounce       unix  -       -       n       -       0       bounce
defer        unix  -       -       n       -       0       bounce
trace        unix  -       -       n       -       0       bounce
flush        unix  n       -       n       1000?   0       flush
proxymap     unix  -       -       n       -       -       proxymap
proxywrite   unix  -       -       n       -       1       proxymap
smtp         unix  -       -       n       -       -       smtp
error        unix  -       -       n       -       -       error
retry        unix  -       -       n       -       -       error
discard      unix  -       -       n       -       -       discard
local        unix  -       n       n       -       -       local
anvil        unix  -       -       n       -       1       anvil
scache       unix  -       -       n       -       1       scache
postlog      unix-dgram n  -       n       -       1       postlogd
`;

/** @param directory an empty one that every user may enter */
export async function startPostfix(directory: string): Promise<PrivatePostfix> {
  if (!existsSync("/usr/sbin/postfix")) throw new Error("Postfix is missing: apt-get install postfix");
  if (process.getuid?.() !== 0) throw new Error("Postfix must be started by root: run this test as root");
  const port = await freePort();
  const domain = "dominio.test";
  const [config, spool, log] = ["etc", "mail", "mail.log"].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  for (const name of ["etc", "mail", "queue", "data"]) mkdirSync(join(directory, name));
  chownSync(join(directory, "data"), idOf("postfix", "-u"), 0);
  // As Debian has /var/mail: only group mail makes files there.
  chownSync(spool, 0, idOf("mail", "-g"));
  chmodSync(spool, 0o2775);
  const settings = {
    compatibility_level: "3.6",
    queue_directory: join(directory, "queue"),
    data_directory: join(directory, "data"),
    mail_spool_directory: spool,
    maillog_file: log,
    maillog_file_prefixes: directory,
    inet_interfaces: "127.0.0.1",
    inet_protocols: "ipv4",
    mynetworks: "127.0.0.0/8",
    myhostname: domain,
    mydestination: `${domain}, localhost`,
    mydomain: domain,
    relayhost: "",
    default_transport: "error:this Postfix delivers here only",
    alias_maps: "",
    alias_database: "",
    local_recipient_maps: "unix:passwd.byname",
    smtpd_relay_restrictions: "permit_mynetworks, reject",
    smtputf8_enable: "no",
    biff: "no",
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`);
  writeFileSync(join(config, "main.cf"), lines.join(""));
  writeFileSync(join(config, "master.cf"), services.replace("smtpd-here ", `127.0.0.1:${port} `));
  const postfix = (action: string): string =>
    execFileSync("/usr/sbin/postfix", ["-c", config, action], { stdio: ["ignore", "pipe", "pipe"], encoding: "utf8" });
  postfix("start");
  return {
    port,
    domain,
    spool,
    readLog: () => (existsSync(log) ? readFileSync(log, "utf8") : ""),
    stop: () => {
      postfix("stop");
    },
  };
}

function idOf(name: string, which: "-u" | "-g"): number {
  if (which === "-u") return Number(execFileSync("id", ["-u", name], { encoding: "utf8" }));
  return Number(execFileSync("getent", ["group", name], { encoding: "utf8" }).split(":")[2]);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
