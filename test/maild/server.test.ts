import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { connect } from "node:net";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { openLog } from "../../src/maild/log.ts";
import type { Options } from "../../src/maild/maild-options.ts";
import { listen, type Server } from "../../src/maild/server.ts";
import { until } from "../until.ts";
import { type Dialogue, openDialogue } from "./dialogue.ts";

let directory: string;
let spool: string;
let options: Options;
let server: Server;
let dialogue: Dialogue;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "maild-"));
  spool = join(directory, "spool");
  mkdirSync(spool);
  options = {
    listen: "127.0.0.1",
    port: 0,
    spool,
    domain: "dominio",
    users: ["debian", "ana"],
    clients: 20,
    stateDirectory: directory,
  };
  server = await listen(options, openLog(join(directory, "mail.log")));
  dialogue = openDialogue(Number(server.address.split(":")[1]));
  expect(await dialogue.say()).toMatch(/^220 dominio ESMTP/);
});

afterEach(async () => {
  dialogue.socket.destroy();
  await server.close();
  rmSync(directory, { recursive: true });
});

const log = () => readFileSync(join(directory, "mail.log"), "utf8");
const mailbox = (user: string) => readFileSync(join(spool, user), "latin1");

async function data(...lines: string[]): Promise<string> {
  expect(await dialogue.say("data")).toBe("354 End data with <CR><LF>.<CR><LF>");
  return dialogue.say([...lines, "."].join("\r\n"));
}

test("a dialogue typed by hand in lower case, with HELO, delivers a message", async () => {
  expect(await dialogue.say("helo here")).toBe("250 dominio");
  expect(await dialogue.say("mail from:<ana@dominio>")).toMatch(/^250 /);
  expect(await dialogue.say("rcpt to:<debian@dominio>")).toMatch(/^250 /);
  const lines = [
    "From: ana@dominio",
    "Message-ID: <1@here>",
    "Date: Sat, 16 Jan 2021 18:22:03 +0000",
    "Bcc: spy@dominio",
  ];
  const answer = await data(...lines, "Subject: caf\u00e9", "", "From here", "..dot", "end");
  const id = /^250 2\.0\.0 Ok: queued as ([0-9A-F]{10})$/.exec(answer)?.[1] as string;
  expect(id).toBeDefined();
  const [header = "", body] = mailbox("debian").split("\n\n", 2);
  const when = "\\w{3} \\w{3} [ \\d]\\d \\d\\d:\\d\\d:\\d\\d \\d{4}";
  expect(header).toMatch(new RegExp(`^From ana@dominio ${when}\nReturn-Path: <ana@dominio>\n`));
  expect(header).toContain(
    "\nX-Original-To: debian@dominio\nDelivered-To: debian@dominio\n" +
      `Received: from here (localhost [127.0.0.1])\n\tby dominio (maild) with SMTP id ${id}\n\tfor <debian@dominio>; `,
  );
  expect(header).not.toMatch(/^Bcc/im);
  expect(header).toMatch(/\nSubject: caf\u00e9$/);
  expect(body).toBe(">From here\n.dot\nend");
  expect(mailbox("debian").endsWith("end\n\n")).toBe(true);
  expect(await dialogue.say("quit")).toBe("221 Bye");
});

test("the log has the format of mail.log", async () => {
  await dialogue.say("EHLO here");
  await dialogue.say("MAIL FROM:<ana@dominio>");
  await dialogue.say("RCPT TO:<debian@LOCALHOST>");
  const answer = await data("Subject: no id", "", "text");
  const id = answer.slice(-10);
  await dialogue.say("QUIT");
  await until(() => log().includes("disconnect from"));
  const lines = log().trimEnd().split("\n");
  const stamped = /^\w{3} [ \d]\d \d\d:\d\d:\d\d \S+ postfix\/(\w+\[)\d+\]: (.*)$/;
  expect(lines.map((line) => stamped.exec(line)?.slice(1).join(""))).toEqual([
    "smtpd[connect from localhost[127.0.0.1]",
    `smtpd[${id}: client=localhost[127.0.0.1]`,
    expect.stringMatching(new RegExp(`^cleanup\\[${id}: message-id=<\\d{14}\\.${id}@dominio>$`)),
    expect.stringMatching(new RegExp(`^qmgr\\[${id}: from=<ana@dominio>, size=\\d+, nrcpt=1 \\(queue active\\)$`)),
    expect.stringMatching(
      new RegExp(
        `^local\\[${id}: to=<debian@localhost>, orig_to=<debian@LOCALHOST>, relay=local, delay=[\\d.]+, ` +
          "delays=[\\d.]+/0/0/[\\d.]+, dsn=2\\.0\\.0, status=sent \\(delivered to mailbox\\)$",
      ),
    ),
    `qmgr[${id}: removed`,
    "smtpd[disconnect from localhost[127.0.0.1]",
  ]);
});

test.each([
  [
    "nobody-here@dominio",
    "550 5.1.1 <nobody-here@dominio>: Recipient address rejected: User unknown in local recipient table",
  ],
  [
    "debian.lock@dominio",
    "550 5.1.1 <debian.lock@dominio>: Recipient address rejected: User unknown in local recipient table",
  ],
  ["ana@example.com", "554 5.7.1 <ana@example.com>: Relay access denied"],
])("RCPT TO:<%s> is refused", async (address, reply) => {
  await dialogue.say("EHLO here");
  await dialogue.say("MAIL FROM:<>");
  expect(await dialogue.say(`RCPT TO:<${address}>`)).toBe(reply);
  expect(log()).toContain("NOQUEUE: reject: RCPT from localhost[127.0.0.1]: 55");
});

test("a user whose mailbox exists receives mail, and each of two recipients gets a copy without the other's address", async () => {
  writeFileSync(join(spool, "root-like"), "");
  await dialogue.say("EHLO here");
  await dialogue.say("MAIL FROM:<ana@dominio>");
  expect(await dialogue.say("RCPT TO:<Root-like@dominio>")).toMatch(/^250/);
  expect(await dialogue.say("RCPT TO:<debian@dominio>")).toMatch(/^250/);
  expect(await data("Subject: two", "", "text")).toMatch(/^250/);
  expect(mailbox("root-like")).not.toContain("debian");
  expect(mailbox("debian")).toContain("Subject: two\n");
});

test("a mailbox that cannot be written to causes a 451 reply, and the next message is accepted", async () => {
  for (const name of ["debian", "debian/cur", "debian/new"]) mkdirSync(join(spool, name));
  writeFileSync(join(spool, "debian/tmp"), "not a directory");
  await dialogue.say("EHLO here");
  await dialogue.say("MAIL FROM:<ana@dominio>");
  await dialogue.say("RCPT TO:<debian@dominio>");
  expect(await data("Subject: lost?", "", "text")).toMatch(/^451 4\.3\.0 /);
  expect(log()).toContain("status=deferred (cannot update mailbox");
  await dialogue.say("MAIL FROM:<ana@dominio>");
  await dialogue.say("RCPT TO:<ana@dominio>");
  expect(await data("Subject: kept", "", "text")).toMatch(/^250/);
});

test("messages that are sent at the same time all arrive complete", async () => {
  const port = Number(server.address.split(":")[1]);
  await Promise.all(
    Array.from({ length: 8 }, async (_, number) => {
      const client = openDialogue(port);
      await client.say();
      await client.say("EHLO here");
      await client.say("MAIL FROM:<ana@dominio>");
      await client.say("RCPT TO:<debian@dominio>");
      await client.say("DATA");
      expect(await client.say(`Subject: ${number}\r\n\r\nbody ${number}\r\n.`)).toMatch(/^250/);
      await client.say("QUIT");
    }),
  );
  const subjects = [...mailbox("debian").matchAll(/^Subject: (\d)\n[\s\S]*?\n\nbody (\d)\n\n/gm)];
  expect(subjects.every(([, subject, body]) => subject === body)).toBe(true);
  expect(subjects.map(([, subject]) => subject).sort()).toEqual(["0", "1", "2", "3", "4", "5", "6", "7"]);
});

test("lines typed in nc, including the line with the final dot, may end in LF without CR", async () => {
  const type = (line: string) => {
    dialogue.socket.write(`${line}\n`);
    return dialogue.say();
  };
  await type("ehlo here");
  await type("mail from:<ana@dominio>");
  await type("rcpt to:<debian@dominio>");
  expect(await type("data")).toMatch(/^354/);
  expect(await type("Subject: typed\n\nby hand\n.")).toMatch(/^250 2\.0\.0 Ok: queued as /);
  expect(mailbox("debian")).toContain("Subject: typed\n");
  expect(mailbox("debian")).toContain("\n\nby hand\n\n");
});

test("a lone LF before or after a dot does not end the message of a client that sends CR LF", async () => {
  await dialogue.say("EHLO here");
  await dialogue.say("MAIL FROM:<ana@dominio>");
  await dialogue.say("RCPT TO:<debian@dominio>");
  await data("Subject: one", "", "text\n.\nMAIL FROM:<evil@dominio>");
  expect(mailbox("debian")).toContain("\nMAIL FROM:<evil@dominio>\n");
  expect(await dialogue.say("NOOP")).toMatch(/^250/);
});

test("a client that does not disconnect cannot prevent the server from exiting", async () => {
  const half = connect({ port: Number(server.address.split(":")[1]), host: "127.0.0.1", allowHalfOpen: true });
  half.on("error", () => undefined);
  await once(half, "data");
  let hungUp = false;
  const patience = setTimeout(() => {
    hungUp = true;
    half.destroy();
  }, 20_000);
  await server.close();
  clearTimeout(patience);
  expect(hungUp).toBe(false);
  half.destroy();
});

test("a client that disconnects before the greeting causes no error", async () => {
  const hasty = connect(Number(server.address.split(":")[1]), "127.0.0.1");
  await once(hasty, "connect");
  hasty.destroy();
  expect(await dialogue.say("NOOP")).toMatch(/^250/);
});

test("a new log can be read by its group, which is adm if root runs maild; an existing log keeps its mode", () => {
  const adm = /^adm:[^:]*:(\d+):/m.exec(readFileSync("/etc/group", "utf8"))?.[1];
  const { gid, mode } = statSync(join(directory, "mail.log"));
  expect(mode & 0o777 & ~process.umask()).toBe(0o640 & ~process.umask());
  expect(gid).toBe(process.getuid?.() === 0 && adm !== undefined ? Number(adm) : process.getgid?.());
  chmodSync(join(directory, "mail.log"), 0o600);
  openLog(join(directory, "mail.log")).write("smtpd", "a line");
  expect(statSync(join(directory, "mail.log")).mode & 0o777).toBe(0o600);
});

/** Sends the client's commands up to and including DATA. */
async function beginMessage(client: Dialogue): Promise<void> {
  for (const line of ["EHLO here", "MAIL FROM:<ana@dominio>", "RCPT TO:<debian@dominio>", "DATA"])
    await client.say(line);
}

test("a client that stops in the middle of its message receives 421, and cannot prevent the server from exiting", async () => {
  await beginMessage(dialogue);
  dialogue.socket.write("Subject: never ends\r\n\r\ntext\r\n");
  const closed = server.close();
  expect(await dialogue.say()).toBe("421 4.3.2 Service shutting down");
  await closed;
  expect(existsSync(join(spool, "debian"))).toBe(false);
});

test("a completely received message is delivered and acknowledged before the server exits", async () => {
  const blocker = `${join(spool, "debian")}.lock`;
  writeFileSync(blocker, `${process.pid}:${hostname()}\n`);
  await beginMessage(dialogue);
  dialogue.socket.write("Subject: in time\r\n\r\ntext\r\n.\r\n");
  await until(() => log().includes("(queue active)"));
  const port = Number(server.address.split(":")[1]);
  const closed = server.close();
  await expect(openDialogue(port).say()).rejects.toThrow("hung up");
  rmSync(blocker);
  expect(await dialogue.say()).toMatch(/^250 2\.0\.0 Ok: queued as /);
  expect(await dialogue.say()).toBe("421 4.3.2 Service shutting down");
  await closed;
  expect(mailbox("debian")).toContain("Subject: in time\n");
});

test("a locked mailbox delays the server's exit by only a few seconds, and the client may retry", async () => {
  writeFileSync(`${join(spool, "debian")}.lock`, `${process.pid}:${hostname()}\n`);
  await beginMessage(dialogue);
  dialogue.socket.write("Subject: later\r\n\r\ntext\r\n.\r\n");
  await until(() => log().includes("(queue active)"));
  await server.close();
  expect(await dialogue.say()).toMatch(/^451 4\.3\.0 /);
  expect(existsSync(join(spool, "debian"))).toBe(false);
});

test("clients above the limit are refused with 421 until another client disconnects", async () => {
  const port = Number(server.address.split(":")[1]);
  const clients = Array.from({ length: 19 }, () => openDialogue(port));
  for (const client of clients) expect(await client.say()).toMatch(/^220 /);
  const late = openDialogue(port);
  expect(await late.say()).toBe("421 4.3.2 dominio Error: too many clients; try again later");
  await expect(late.say()).rejects.toThrow("hung up");
  expect(log()).toContain("warning: too many clients: 21, the limit is 20");
  await clients[0]?.say("QUIT");
  const next = openDialogue(port);
  expect(await next.say()).toMatch(/^220 /);
  for (const { socket } of [...clients, next]) socket.destroy();
});

test("at most fifty clients with the same address are served at the same time", async () => {
  await server.close();
  server = await listen({ ...options, clients: 100 }, openLog(join(directory, "mail.log")));
  const port = Number(server.address.split(":")[1]);
  const clients = Array.from({ length: 50 }, () => openDialogue(port));
  for (const client of clients) expect(await client.say()).toMatch(/^220 /);
  expect(await openDialogue(port).say()).toBe("421 4.7.0 dominio Error: too many connections from 127.0.0.1");
  expect(log()).toContain("Connection concurrency limit exceeded: 51 from localhost[127.0.0.1] for service smtp");
  for (const { socket } of clients) socket.destroy();
});

test("a message of several megabytes arrives byte for byte, in an mbox and in a Maildir", async () => {
  for (const name of ["ana", "ana/cur", "ana/new", "ana/tmp"]) mkdirSync(join(spool, name));
  const lines = Array.from({ length: 60_000 }, (_, at) => `${at} ${"\u00e9".repeat(at % 97)}`);
  await dialogue.say("EHLO here");
  await dialogue.say("MAIL FROM:<ana@dominio>");
  for (const user of ["debian", "ana"]) await dialogue.say(`RCPT TO:<${user}@dominio>`);
  expect(await data("Subject: large", "", ...lines)).toMatch(/^250 /);
  const body = `\n\n${lines.join("\n")}\n`;
  expect(mailbox("debian").endsWith(`${body}\n`)).toBe(true);
  const [name = ""] = readdirSync(join(spool, "ana/new"));
  expect(mailbox(`ana/new/${name}`).endsWith(body)).toBe(true);
});
