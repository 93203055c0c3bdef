/**
 * Runs a private Postfix on the loopback interface only, with its own queue, spool and log. The system's Postfix is not
 * affected.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findFreePorts } from "../free-ports.ts";

export interface PrivatePostfix {
  readonly port: number;
  /** The submission port, with encryption and authentication (RFC 6409). */
  readonly submissionPort: number;
  /** The submission port with implicit TLS (RFC 8314). */
  readonly smtpsPort: number;
  readonly domain: string;
  /** The directory of main.cf. */
  readonly configuration: string;
  readonly log: string;
  /** The certificate of the authority that issued the server's certificate. */
  readonly caFile: string;
  /** A program that works like sendmail(1) for this Postfix. */
  readonly sendmail: string;
  /** The directory in which local(8) creates mailboxes. */
  readonly spool: string;
  readLog(): string;
  stop(): void;
}

const services = `
smtpd-here   inet  n       -       n       -       -       smtpd
submission-here inet n     -       n       -       -       smtpd
  -o smtpd_tls_security_level=encrypt
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_client_restrictions=permit_sasl_authenticated,reject
smtps-here   inet  n       -       n       -       -       smtpd
  -o smtpd_tls_wrappermode=yes
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_client_restrictions=permit_sasl_authenticated,reject
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
tlsmgr       unix  -       -       n       1000?   1       tlsmgr
anvil        unix  -       -       n       -       1       anvil
scache       unix  -       -       n       -       1       scache
postlog      unix-dgram n  -       n       -       1       postlogd
`;

/** Maximum message size in bytes, as small as the tests permit. */
export const sizeLimit = 2_000_000;
/** Maximum number of recipients per transaction. */
export const recipientLimit = 50;

/**
 * Starts Postfix.
 *
 * @param directory an empty directory that every user may enter
 * @param more the Dovecot socket for authentication, the destination for other domains, and further settings
 */
export async function startPostfix(
  directory: string,
  more: {
    readonly saslSocket?: string;
    readonly routes?: Readonly<Record<string, number>>;
    readonly settings?: Readonly<Record<string, string>>;
  } = {},
): Promise<PrivatePostfix> {
  if (!existsSync("/usr/sbin/postfix")) throw new Error("Postfix is missing: apt-get install postfix");
  if (process.getuid?.() !== 0) throw new Error("Postfix must be started by root: run this test as root");
  const [port = 0, submissionPort = 0, smtpsPort = 0] = await findFreePorts(3);
  const domain = "dominio.test";
  const [config, spool, log] = ["etc", "mail", "mail.log"].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  for (const name of ["etc", "mail", "queue", "data"]) mkdirSync(join(directory, name));
  chownSync(join(directory, "data"), idOf("postfix", "-u"), 0);
  // As in Debian's /var/mail, only group mail may create files in the directory.
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
    ...(more.routes === undefined ? {} : { transport_maps: routes(more.routes) }),
    ...(more.saslSocket === undefined ? { smtputf8_enable: "no" } : everything(config, domain, more.saslSocket)),
    smtpd_sasl_auth_enable: "no",
    biff: "no",
    ...more.settings,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`);
  writeFileSync(join(config, "main.cf"), lines.join(""));
  writeFileSync(
    join(config, "master.cf"),
    services
      .replace("smtpd-here ", `127.0.0.1:${port} `)
      .replace("submission-here ", `127.0.0.1:${submissionPort} `)
      .replace("smtps-here ", `127.0.0.1:${smtpsPort} `),
  );
  const postfix = (action: string): string =>
    execFileSync("/usr/sbin/postfix", ["-c", config, action], { stdio: ["ignore", "pipe", "pipe"], encoding: "utf8" });
  const caFile = makeCertificates(directory, config);
  const sendmail = join(directory, "sendmail");
  writeFileSync(sendmail, `#!/bin/sh\nexec /usr/sbin/sendmail -C '${config}' "$@"\n`, { mode: 0o755 });
  postfix("start");
  return {
    port,
    submissionPort,
    smtpsPort,
    domain,
    configuration: config,
    spool,
    log,
    caFile,
    sendmail,
    readLog: () => (existsSync(log) ? readFileSync(log, "utf8") : ""),
    stop: () => {
      postfix("stop");
    },
  };
}

/** Returns the settings for a Postfix that serves more than the local machine. */
function everything(config: string, domain: string, saslSocket: string): Record<string, string> {
  return {
    smtputf8_enable: "yes",
    message_size_limit: String(sizeLimit),
    smtpd_recipient_limit: String(recipientLimit),
    virtual_alias_maps: `inline:{ {j\u00f6rg@${domain} = root@${domain}} }`,
    smtpd_tls_security_level: "may",
    smtpd_tls_cert_file: join(config, "server.pem"),
    smtpd_tls_key_file: join(config, "server.key"),
    smtpd_sasl_type: "dovecot",
    smtpd_sasl_path: saslSocket,
  };
}

function routes(ports: Readonly<Record<string, number>>): string {
  const each = Object.entries(ports).map(([domain, port]) => `{${domain} = smtp:[127.0.0.1]:${port}}`);
  return `inline:{ ${each.join(" ")} }`;
}

/** Creates a certificate authority, and a certificate for localhost. @returns the authority's certificate */
function makeCertificates(directory: string, config: string): string {
  const caFile = join(directory, "ca.pem");
  const openssl = (...argv: string[]) => execFileSync("openssl", argv, { cwd: config, stdio: "pipe" });
  const fresh = ["-newkey", "rsa:2048", "-nodes", "-days", "2"];
  openssl("req", "-x509", ...fresh, "-keyout", "ca.key", "-out", caFile, "-subj", "/CN=Test authority");
  openssl("req", ...fresh.slice(0, 3), "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost");
  writeFileSync(join(config, "names"), "subjectAltName=DNS:localhost\n");
  const from = ["-CA", caFile, "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names", "-days", "2"];
  openssl("x509", "-req", "-in", "server.csr", "-out", "server.pem", ...from);
  return caFile;
}

function idOf(name: string, which: "-u" | "-g"): number {
  if (which === "-u") return Number(execFileSync("id", ["-u", name], { encoding: "utf8" }));
  return Number(execFileSync("getent", ["group", name], { encoding: "utf8" }).split(":")[2]);
}
