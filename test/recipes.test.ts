/**
 * Runs each command in docs/recipes.md with the built program, in a new home directory, against SMTP servers on the
 * loopback interface.
 *
 * The hosts in a recipe are replaced with these servers, and directories such as /var/mail with the home directory.
 * Standard input is a pipe that stays open, so a command that waits for input does not exit.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { TLSSocket } from "node:tls";
import { afterEach, expect, test } from "@jest/globals";
import PostalMime, { type Email } from "postal-mime";
import { mail } from "./sessions/support/sandbox.ts";
import { closeServers, type ScriptedServer, scriptedServer } from "./submit/scripted-server.ts";

const root = join(import.meta.dirname, "..");
const certificates = join(root, "test/fixtures/tls");

interface Recipe {
  readonly question: string;
  readonly command: string;
  /** Start-up files, keyed by name. */
  readonly files: Readonly<Record<string, string>>;
}

const page = readFileSync(join(root, "docs/recipes.md"), "utf8");
const recipes = page
  .split(/^### /m)
  .slice(1)
  .map((part): Recipe => {
    const [question = ""] = part.split("\n", 1);
    const commands = [...part.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, command = ""]) => command);
    const files = [...part.matchAll(/^In `~\/([.\w]+)`:\n\n```text\n(.*?)^```$/gms)];
    if (commands.length !== 1) throw new Error(`${question}: ${commands.length} commands instead of one`);
    return {
      question,
      command: commands[0] ?? "",
      files: Object.fromEntries(files.map(([, name = "", content = ""]) => [name, content])),
    };
  });

const html = "<html><body><h1>Título</h1><p>New prices: 2 €</p></body></html>\n";
const calendar = `From ann@example.org Sat Jan 16 18:22:03 2021
From: Ann Lee <ann@example.org>
To: root
Subject: Report
Date: Sat, 16 Jan 2021 18:22:03 +0000
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

See the file.
--b
Content-Type: text/csv
Content-Disposition: attachment; filename="report.csv"

a,b
--b--

`;
const log = `Jan 16 18:22:03 mail postfix/qmgr[9]: DE3232C16A: from=<root@example.org>, size=797, nrcpt=1 (queue active)
Jan 16 18:22:03 mail postfix/smtp[10]: DE3232C16A: to=<ann@example.org>, relay=mx.example.org[192.0.2.1]:25, delay=0.03, dsn=5.1.1, status=bounced (host mx.example.org said: 550 no such user)
Jan 16 18:22:03 mail postfix/qmgr[9]: DE3232C16A: removed
`;
const contents: Readonly<Record<string, string | Buffer>> = {
  "report.pdf": "%PDF-1.4\n",
  "data.csv": "a,b\n1,2\n",
  "report.html": html,
  "report.txt": "The figures.\n",
  "latin1.txt": Buffer.from("ma\xf1ana\n", "latin1"),
  "app.log": "started\n",
  "list.txt": "bob@example.org\ncarol@example.org\n",
  "news.txt": "The news.\n",
  "message.txt": "To: ann@example.org\nCc: bob@example.org\nSubject: From the header\n\nHello.\n",
  "server.pem": readFileSync(join(certificates, "localhost.pem")),
  smtp: "secret\n",
  "mail.log": log,
  spool: mail({ from: "cron@example.org", subject: "Backup failed" }) + calendar + mail({ from: "bob@example.org" }),
};
/** Shell scripts, keyed by program name, that replace all programs except `mail` in the recipes. */
const programs: Readonly<Record<string, string>> = {
  pass: '[ "$*" = "show mail" ] && echo secret',
  "get-token": 'echo "token of $1"',
  make: 'echo "the make target $1 has failed"; exit 2',
  sudo: 'exec "$@"',
  lpr: "cat > printed",
};

let home = "";
let relay: ScriptedServer;
let submission: ScriptedServer;
let smtps: ScriptedServer;
afterEach(async () => {
  await closeServers();
  rmSync(home, { recursive: true, force: true });
});

async function startServers(): Promise<void> {
  const identity = {
    key: readFileSync(join(certificates, "localhost.key"), "utf8"),
    cert: readFileSync(join(certificates, "localhost.pem"), "utf8"),
  };
  const login = "250-test\r\n250-8BITMIME\r\n250 AUTH PLAIN OAUTHBEARER XOAUTH2";
  const beforeLogin = (_line: string, socket: object) =>
    socket instanceof TLSSocket ? login : "250-test\r\n250 STARTTLS";
  const RCPT = (line: string) => (line.includes("nobody") ? "550 5.1.1 no such user" : "250 2.1.5 ok");
  relay = await scriptedServer({ RCPT });
  submission = await scriptedServer({ EHLO: beforeLogin }, 0, { ...identity, later: true });
  smtps = await scriptedServer({ EHLO: login }, 0, identity);
}

/** Replaces the hosts and directories in a recipe with those of the test. */
function adapt(part: string): string {
  const ports = { smtp: relay.port, submission: submission.port, smtps: smtps.port };
  return part
    .replace(/\b(smtp|submission|smtps):\/\/(\w+@)?[\w.-]+/g, (_url, scheme: keyof typeof ports, user = "") =>
      [scheme, "://", user, "127.0.0.1:", ports[scheme]].join(""),
    )
    .replace(/^machine \S+/gm, "machine 127.0.0.1")
    .replace(/\/(?:run\/secrets|srv)\//g, `${home}/`)
    .replace("/var/mail/ann", join(home, "spool"));
}

interface Ran {
  readonly exit: number | null;
  readonly out: string;
  readonly err: string;
}

async function prepare({ files }: Recipe): Promise<void> {
  await startServers();
  home = mkdtempSync(join(tmpdir(), "mail-recipe-"));
  for (const name of ["bin", "incoming", "downloads"]) mkdirSync(join(home, name));
  for (const [name, content] of Object.entries(contents)) writeFileSync(join(home, name), content);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(home, name), adapt(content), { mode: 0o600 });
  const launchers = { mail: "mail.js", "mail-sendmail": "sendmail.js" };
  for (const [name, launcher] of Object.entries(launchers)) {
    writeProgram(name, `exec '${process.execPath}' '${join(root, "bin", launcher)}' "$@"`);
  }
  for (const [name, script] of Object.entries(programs)) writeProgram(name, script);
}

function writeProgram(name: string, script: string): void {
  writeFileSync(join(home, "bin", name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

/** Runs a recipe's command with the home directory as the working directory. */
async function run({ question, command, files }: Recipe): Promise<Ran> {
  // By default, `mail` does not require TLS for the test's server, because it is on this machine.
  const needsTls = Object.values(files).some((content) => content.includes("submission://"));
  const child = spawn("bash", ["-c", adapt(command)], {
    cwd: home,
    env: {
      mta: `smtp://127.0.0.1:${relay.port}`,
      maillog: join(home, "mail.log"),
      ...(needsTls ? { starttls: "required" } : {}),
      ...(question.includes("self-signed") ? {} : { cafile: join(certificates, "localhost.pem") }),
      PATH: `${join(home, "bin")}:/usr/bin:/bin`,
      HOME: home,
      MAIL: join(home, "spool"),
      MAIL_QUEUE_SPOOL: join(home, "queues"),
      USER: "root",
      LOGNAME: "root",
      LC_ALL: "C.UTF-8",
      TZ: "UTC",
      TMPDIR: home,
    },
  });
  const closed = once(child, "close") as Promise<[number | null]>;
  const [out, err, [exit]] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
  child.stdin.destroy();
  return { exit, out, err };
}

/** The envelope and the message that a server has received. */
interface Received extends Omit<Email, "sender"> {
  readonly sender: string;
  readonly recipients: readonly string[];
  /** The login, decoded. */
  readonly login: string | undefined;
  readonly names: readonly (string | null)[];
}

/** Returns the only message that a server has received. */
async function readMessage({ commands, messages }: ScriptedServer): Promise<Received> {
  expect(messages).toHaveLength(1);
  const parsed = await PostalMime.parse(Buffer.from(messages[0] ?? "", "latin1"));
  const valuesOf = (verb: RegExp) => commands.flatMap((line) => verb.exec(line)?.[1] ?? []);
  const [login] = valuesOf(/^AUTH \S+ (\S+)/);
  return {
    ...parsed,
    // PostalMime adds a newline to a text that is part of a message.
    text: parsed.text?.replace(/\n\n$/, "\n"),
    html: parsed.html?.replace(/\n\n$/, "\n"),
    sender: valuesOf(/^MAIL FROM:<([^>]*)>/)[0] ?? "",
    recipients: valuesOf(/^RCPT TO:<([^>]*)>/),
    login: login === undefined ? undefined : Buffer.from(login, "base64").toString(),
    names: parsed.attachments.map(({ filename }) => filename),
  };
}

const fieldOf = ({ headers }: Received, name: string) => headers.find(({ key }) => key === name)?.value;
const contentOf = ({ attachments }: Received) => Buffer.from((attachments[0]?.content ?? "") as ArrayBuffer).toString();
const inHome = (name: string) => readFileSync(join(home, name), "utf8");
const subjectsIn = (name: string) => inHome(name).match(/^Subject: .*$/gm) ?? [];
const statusesIn = (name: string) => inHome(name).match(/^Status: .*$/gm) ?? [];
const headerLines = (out: string) => out.match(/^[> ].{2} *\d+ .*$/gm) ?? [];

const succeeds = (ran: Ran) => expect([ran.exit, ran.err]).toEqual([0, ""]);

/** Returns a function that checks whether a message with these properties has reached the relay or another server. */
function sends(properties: Partial<Received>, server = () => relay, more: (message: Received) => void = () => {}) {
  return async (ran: Ran) => {
    succeeds(ran);
    const message = await readMessage(server());
    expect(message).toMatchObject(properties);
    more(message);
  };
}

const plainLogin = (user: string, password: string) => `\0${user}\0${password}`;
const toBob = { recipients: ["bob@example.org"], text: "Hello.\n" };
const throughSubmission = (user: string, login: string) => sends({ ...toBob, sender: user, login }, () => submission);

/** The outcome of each recipe. `again` runs the command once more. */
const outcomes: Readonly<Record<string, (ran: Ran, again: () => Promise<Ran>) => void | Promise<void>>> = {
  "How do I attach a file?": sends(
    { names: ["report.pdf"], text: "The report is attached.\n" },
    undefined,
    (message) => {
      expect([message.attachments[0]?.mimeType, contentOf(message)]).toEqual(["application/pdf", "%PDF-1.4\n"]);
    },
  ),
  "How do I attach several files?": sends({ names: ["report.pdf", "data.csv"], text: "Two files are attached.\n" }),
  "How do I attach the output of a command?": sends({ names: ["disk.txt"] }, undefined, (message) =>
    expect(contentOf(message)).toMatch(/^Filesystem .*\n.*\d+%/),
  ),
  "How do I attach data from a pipe?": sends({ names: ["disk.txt"] }, undefined, (message) =>
    expect(contentOf(message)).toMatch(/^Filesystem .*\n.*\d+%/),
  ),
  "How do I attach a file under another name?": sends({ names: ["november.pdf"] }),
  "How do I send HTML?": sends({ html }, undefined, (message) => expect(message.text).toContain("New prices: 2 €")),
  "How do I send HTML with an attachment?": sends({ html, names: ["data.csv"] }, undefined, (message) =>
    expect(message.text).toContain("New prices: 2 €"),
  ),
  "How do I send HTML without a plain-text alternative?": sends({ html }, undefined, (message) =>
    expect([fieldOf(message, "content-type"), message.text]).toEqual(["text/html; charset=UTF-8", undefined]),
  ),
  "How do I send the contents of a file?": sends({ subject: "Report", text: "The figures.\n" }),
  "How do I send a message without a body?": sends({ subject: "The backup is complete" }, undefined, (message) =>
    expect((message.text ?? "").trim()).toBe(""),
  ),
  "Why does my script hang?": sends({ subject: "The job is complete", recipients: ["ann@example.org"] }),
  "How do I send nothing if there is no output?": async (ran, again) => {
    succeeds(ran);
    expect(relay.messages).toEqual([]);
    writeFileSync(join(home, "app.log"), "ERROR 5\n");
    await sends({ text: "ERROR 5\n" })(await again());
  },
  "How do I send UTF-8?": sends({ subject: "Menú", text: "El café cuesta 2 €.\n" }),
  "How do I send text in another character set?": sends({ text: "mañana\n" }),
  "How do I set the sender?": sends({
    sender: "backup@example.org",
    from: { name: "Backup", address: "backup@example.org" },
  }),
  "How do I set the sender of all messages?": sends({
    sender: "ann@example.org",
    from: { name: "Ann Lee", address: "ann@example.org" },
  }),
  "How do I use an envelope sender that differs from the From field?": sends({
    sender: "bounces@example.org",
    from: { name: "Ann Lee", address: "ann@example.org" },
  }),
  "How do I send a message to several recipients?": sends({ recipients: ["ann@example.org", "bob@example.org"] }),
  "How do I send a message to a list of addresses in a file?": sends(
    { recipients: ["news@example.org", "bob@example.org", "carol@example.org"] },
    undefined,
    () => expect(relay.messages[0]).not.toMatch(/bob|carol/),
  ),
  "How do I add Cc and Bcc recipients?": sends(
    {
      recipients: ["ann@example.org", "bob@example.org", "carol@example.org"],
      cc: [{ name: "", address: "bob@example.org" }],
    },
    undefined,
    () => expect(relay.messages[0]).not.toContain("carol"),
  ),
  "How do I set Reply-To?": sends({ replyTo: [{ name: "", address: "support@example.org" }] }),
  "How do I add a header field?": sends({}, undefined, (message) =>
    expect([fieldOf(message, "x-priority"), fieldOf(message, "list-id")]).toEqual(["1", "<news.example.org>"]),
  ),
  "How do I send a message that contains its own header?": sends({
    recipients: ["ann@example.org", "bob@example.org"],
    subject: "From the header",
    text: "Hello.\n",
  }),
  "How do I send through another server?": sends({ recipients: ["ann@example.org"] }),
  "How do I log in to a server?": throughSubmission("ann@example.org", plainLogin("ann", "secret")),
  "How do I use port 465?": sends({ ...toBob, login: plainLogin("ann", "secret") }, () => smtps),
  "How do I avoid storing the password in a file?": throughSubmission("ann@example.org", plainLogin("ann", "secret")),
  "How do I trust a self-signed certificate?": sends({ recipients: ["ann@example.org"] }, () => smtps),
  "How do I use several accounts?": throughSubmission("ann@example.org", plainLogin("ann", "secret")),
  "How do I see the dialogue with the server?": async (ran) => {
    expect(ran.out).toContain("client> RCPT TO:<ann@example.org>");
    await sends({})(ran);
  },
  "How do I test a command without sending?": (ran) => {
    succeeds(ran);
    expect(ran.out).toMatch(/\nRCPT TO:<ann@example.org>\n(.*\n)*Subject: Hello\n(.*\n)*\nHello.\n$/);
    expect(relay.commands).toEqual([]);
  },
  "How do I check my settings?": ({ out }) => {
    expect(out).toMatch(/^ok {4}server: 127\.0\.0\.1 port \d+/m);
    expect(relay.messages).toEqual([]);
  },
  "How do I send through Gmail with an application password?": throughSubmission(
    "ann@gmail.com",
    plainLogin("ann@gmail.com", "abcdefghijklmnop"),
  ),
  "How do I send through Gmail with a token?": throughSubmission(
    "ann@gmail.com",
    "n,a=ann@gmail.com,\x01auth=Bearer token of ann@gmail.com\x01\x01",
  ),
  "How do I send through Outlook with a token?": throughSubmission(
    "ann@outlook.com",
    "n,a=ann@outlook.com,\x01auth=Bearer token of ann@outlook.com\x01\x01",
  ),
  "How do I send through Microsoft 365 with a password?": throughSubmission(
    "ann@example.com",
    plainLogin("ann@example.com", "secret"),
  ),
  "How do I send mail from a container?": sends({ text: "The job is complete.\n" }),
  "How do I supply a password in a container?": sends(
    { text: "The job is complete.\n", login: plainLogin("ann", "secret") },
    () => submission,
  ),
  "How do I send mail from a program that runs sendmail?": sends({
    recipients: ["ann@example.org"],
    text: "The job is complete.\n",
  }),
  "How do I send mail if the server is sometimes unavailable?": async (first, again) => {
    await sends({ text: "The job is complete.\n" })(first);
    await relay.close();
    const { exit, err } = await again();
    expect([exit, err]).toEqual([0, expect.stringContaining("\nmail: queued as ")]);
  },
  "How do I send the output of a job only if it fails?": async ({ exit, err }) => {
    expect([exit, err]).toEqual([2, ""]);
    expect(await readMessage(relay)).toMatchObject({
      subject: "Backup",
      text: expect.stringMatching(/^Duration: .*\nStatus: +exit 2\n(?:.*\n)*\nthe make target backup has failed\n$/m),
    });
  },
  "How do I send the output of a job only if it changes?": async (first, again) => {
    const before = relay.messages.length;
    const second = await again();
    expect([first.exit, second.exit, relay.messages.length]).toEqual([0, 0, before]);
    writeFileSync(join(home, "incoming/new.csv"), "");
    expect([(await again()).exit, relay.messages.length]).toEqual([0, before + 1]);
    expect(relay.messages.at(-1)).toContain("new.csv");
  },
  "How do I limit the number of messages?": async (first, again) => {
    const second = await again();
    expect([first.exit, second.exit, relay.messages.length]).toEqual([2, 2, 1]);
  },
  "How does a script detect that a message was refused?": ({ exit, out, err }) => {
    expect([exit, out]).toEqual([0, "not sent: 67\n"]);
    expect(err).toContain("mail: nobody@example.org: 550 5.1.1 no such user\n");
  },
  "How do I send the output of all cron jobs through another server?": sends({
    recipients: ["ann@example.org"],
    text: "Disk full\n",
  }),
  "Why did a message not arrive?": ({ out }) => {
    expect(out).toMatch(/bounced +to <ann@example.org>.*550 no such user/);
  },
  "What is dead.letter, and how do I send it again?": async (_withoutFile, again) => {
    writeFileSync(join(home, "dead.letter"), "To: ann@example.org\nSubject: Kept\n\nHello.\n");
    await sends({ subject: "Kept", recipients: ["ann@example.org"], text: "Hello.\n" })(await again());
  },
  "How do I prevent dead.letter from being written?": ({ exit }) => {
    expect([exit, existsSync(join(home, "dead.letter"))]).toEqual([67, false]);
  },
  "How do I keep a copy of every message?": async (ran) => {
    await sends({ subject: "Hello" })(ran);
    expect(subjectsIn("sent")).toEqual(["Subject: Hello"]);
  },
  "How do I delete all messages?": (ran) => {
    succeeds(ran);
    expect(inHome("spool")).toBe("");
  },
  "How do I delete old messages?": (ran) => {
    succeeds(ran);
    expect(subjectsIn("spool")).toEqual(["Subject: Report", "Subject: hola"]);
  },
  "How do I search a mailbox?": (ran) => {
    succeeds(ran);
    expect(headerLines(ran.out)).toEqual([expect.stringMatching(/ 1 cron@example.org .* Backup failed$/)]);
    expect(statusesIn("spool")).toEqual([]);
  },
  "How do I count the unread messages?": (ran) => {
    succeeds(ran);
    expect(ran.out).toBe("3\n");
  },
  "How do I print messages without marking them as read?": (ran) => {
    succeeds(ran);
    expect(subjectsIn("spool")).toHaveLength(3);
    expect([ran.out.match(/^Message .*$/gm), statusesIn("spool")]).toEqual([["Message 2:"], []]);
  },
  "How do I read another user's mail?": (ran) => {
    succeeds(ran);
    expect(headerLines(ran.out)).toHaveLength(3);
    expect(statusesIn("spool")).toEqual([]);
  },
  "How do I process mail in a program?": (ran) => {
    succeeds(ran);
    expect(
      ran.out
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line).subject),
    ).toEqual(["Report"]);
  },
  "How do I get names instead of addresses in the list?": (ran) => {
    succeeds(ran);
    expect(headerLines(ran.out)).toContainEqual(expect.stringMatching(/ 2 Ann Lee .* Report$/));
  },
  "How do I mark all messages as read?": (ran) => {
    succeeds(ran);
    expect(statusesIn("spool")).toEqual(["Status: RO", "Status: RO", "Status: RO"]);
    expect(existsSync(join(home, "mbox"))).toBe(false);
  },
  "How do I save all attachments?": (ran) => {
    succeeds(ran);
    expect([readdirSync(join(home, "downloads")), inHome("downloads/report.csv")]).toEqual([["report.csv"], "a,b"]);
  },
  "How do I print a message on paper?": (ran) => {
    succeeds(ran);
    expect(inHome("printed")).toMatch(/^Message 2:\nFrom ann@example.org .*\n(.*\n)*See the file.\n/);
  },
  "How do I quit without saving changes?": (ran) => {
    succeeds(ran);
    expect([subjectsIn("spool").length, statusesIn("spool")]).toEqual([3, []]);
  },
};

test("each recipe has an outcome", () => {
  expect(recipes.map(({ question }) => question)).toEqual(Object.keys(outcomes));
});

test.each(recipes)("$question", async (recipe) => {
  await prepare(recipe);
  await outcomes[recipe.question]?.(await run(recipe), () => run(recipe));
});
