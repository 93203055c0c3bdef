/** Checks that sessions print the same output for the same messages in an mbox, in a Maildir and on Dovecot. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { formatAsctime } from "../../src/mailbox/from-line.ts";
import { describeIf } from "../conditions.ts";
import { expandFile, linesOf, readCase } from "../conformance/case-file.ts";
import { runMail } from "../run-mail.ts";
import { connectTo } from "./connect.ts";
import { type Dovecot, dovecotProgram, prepareHome, startDovecot } from "./dovecot.ts";

const count = 1000;

interface Generated {
  readonly sender: string;
  readonly received: Date;
  /** The message with LF newlines. */
  readonly text: string;
}

/** Returns messages with many kinds of headers and bodies. Each run generates the same messages. */
function generateMessages(): Generated[] {
  let state = 7;
  const random = (below: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const pick = <T>(items: readonly T[]): T => items[random(items.length)] as T;
  const names = ["ann", "bob", "carol", "dee", "érik"];
  return Array.from({ length: count }, (_, index) => {
    const name = pick(names);
    const sender = `${name === "érik" ? "erik" : name}@example.org`;
    const received = new Date(Date.UTC(2021, random(12), 1 + random(28), random(24), random(60), random(60)));
    const subject = pick([
      "Report",
      "Re: Report",
      "=?utf-8?q?caf=C3=A9?=",
      "",
      "Invoice and a very long subject",
      "hello",
    ]);
    const answered = random(3) === 0 && index > 0 ? `In-Reply-To: <${random(index)}@example.org>\n` : "";
    const header =
      `Return-Path: <${sender}>\nFrom: ${name === "érik" ? "=?utf-8?q?=C3=A9rik?=" : name} <${sender}>\nTo: root@example.org, ${pick(names.slice(0, 4))}@example.org\n` +
      (random(20) === 0 ? "" : `Date: ${received.toUTCString().replace("GMT", "+0000")}\n`) +
      `Subject: ${subject} ${index}\nMessage-ID: <${index}@example.org>\n${answered}`;
    const line = `${pick(["disk", "backup", "lunch", "the quick brown fox", "from the start", ".dot"])}\n`;
    const body = line.repeat(1 + random(20));
    const kinds = [
      `${header}\n${body}`,
      `${header}Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n${Buffer.from(`grüße ${body}`).toString("base64")}\n`,
      `${header}Content-Type: multipart/mixed; boundary=b\n\n--b\n\n${body}\n--b\nContent-Type: text/x-data; name=data.txt\n` +
        `Content-Disposition: attachment; filename=data.txt\n\n${body}--b--\n`,
    ];
    return { sender, received, text: kinds[[0, 0, 0, 1, 2][random(5)] as number] as string };
  });
}

const casesDirectory = join(import.meta.dirname, "../conformance/cases");
/** The areas of the conformance suite whose sessions read, select, mark, save or answer messages. */
const areas = /^(?:msglist|headers|print|delete|copy|save|write|quit|cmd|session)-/;
/**
 * Commands whose sessions do not take part: such sessions run an editor, change a mailbox while it is open, name other
 * mailboxes, print sizes (which include CRLF newlines on a server), or print what the machine contains.
 */
const otherCommands =
  /^\s*(?:!|e |v |si|fo|fi|cd|ch|source|so |shell|sh |inc|new|set SHELL|set$|set autoinc|set LISTER|touch)|spool|box|\bwc\b/m;

interface Session {
  readonly name: string;
  /** All commands except the last, which ends the session. */
  readonly commands: string;
  readonly last: string;
}

/** Returns the conformance suite's sessions that depend only on the messages of the mailbox. */
function readSessions(): Session[] {
  return readdirSync(casesDirectory).flatMap((file) => {
    const found = readCase(join(casesDirectory, file));
    const argv = (linesOf(found, "argv") ?? []).join(" ");
    const needsFiles = found.sections.some(
      ({ kind, words }) => kind === "dir" || (kind === "file" && !["spool", "box"].includes(words[0] ?? "")),
    );
    if (!areas.test(file) || !["", "-N", "-f box", "-N -f box"].includes(argv) || needsFiles) return [];
    const [, commands, last] = /^(.*?)(x|q)\n+$/s.exec(expandFile(linesOf(found, "stdin") ?? [])) ?? [];
    if (commands === undefined || last === undefined || otherCommands.test(commands)) return [];
    return [{ name: found.name, commands, last }];
  });
}

const sessions = readSessions();

/**
 * Returns the sessions that end with x, combined into groups, so that the 1,000 messages are opened less often. A
 * session that composes a message is a group of its own: in a pipe, the message extends to the end of the input and
 * includes the command x. The end of the input then ends the session like q, and the session changes the mailbox.
 */
function groupSessions(): [string, string][] {
  const composes = /^(?:m|r|R|Respond|respond)\b/m;
  const alone = sessions.filter(({ last, commands }) => last === "x" && composes.test(commands));
  const unchanged = sessions.filter((each) => each.last === "x" && !alone.includes(each));
  const size = 8;
  const groups = Array.from({ length: Math.ceil(unchanged.length / size) }, (_, at) =>
    unchanged.slice(at * size, (at + 1) * size),
  );
  return [...groups, ...alone.map((each) => [each])].map((group) => {
    const input = group.map(({ name, commands }) => `echo session ${name}\n${commands}\nundelete *\n`).join("");
    return [group.map(({ name }) => name).join(", "), input];
  });
}

/** The same messages in each kind of mailbox. The values are names for -f. */
type Mailboxes = Readonly<Record<"mbox" | "maildir" | "server", string>>;

describeIf(dovecotProgram !== undefined)("an mbox, a Maildir and a folder on Dovecot", () => {
  let dovecot: Dovecot;
  let home: string;
  let names: Mailboxes;

  beforeAll(async () => {
    dovecot = await startDovecot("maildir");
    home = mkdtempSync(join(tmpdir(), "mail-same-"));
    writeFileSync(join(home, ".mailrc"), `set ${prepareHome(home)}\n`);
    names = {
      mbox: join(home, "mbox-file"),
      maildir: join(home, "maildir"),
      server: `imaps://ann@localhost:${dovecot.imapsPort}/Same`,
    };
    const messages = generateMessages();
    const stored = messages.map(
      ({ sender, received, text: content }) => `From ${sender} ${formatAsctime(received)}\n${content}\n`,
    );
    writeFileSync(names.mbox, stored.join(""));
    for (const place of ["new", "cur", "tmp"]) mkdirSync(join(names.maildir, place), { recursive: true });
    const client = await connectTo(dovecot);
    await client.create("Same");
    for (const [index, { received, text: content }] of messages.entries()) {
      const path = join(names.maildir, "new", `${1_600_000_000 + index}.M1P1.host`);
      writeFileSync(path, content);
      utimesSync(path, received, received);
      await client.append("Same", Buffer.from(content.replaceAll("\n", "\r\n")), { received });
    }
    await client.logout();
  });
  afterAll(async () => {
    await dovecot.stop();
    rmSync(home, { recursive: true });
  });

  /** Calls a function with new copies of the mailboxes, and removes the copies. */
  const withCopies = async <T>(use: (copies: Mailboxes) => Promise<T>): Promise<T> => {
    const place = mkdtempSync(join(home, "copies-"));
    const copies: Mailboxes = {
      mbox: join(place, "mbox-file"),
      maildir: join(place, "maildir"),
      server: `${names.server}-copy`,
    };
    cpSync(names.mbox, copies.mbox);
    cpSync(names.maildir, copies.maildir, { recursive: true, preserveTimestamps: true });
    const client = await connectTo(dovecot);
    try {
      await client.create("Same-copy");
      await client.select("Same", { readOnly: true });
      await client.copy("1:*", "Same-copy");
      return await use(copies);
    } finally {
      await client.remove("Same-copy");
      await client.logout();
      rmSync(place, { recursive: true });
    }
  };

  const run = async (words: readonly string[], input: string) => {
    const { out, err } = await runMail(words, { PATH: process.env["PATH"], HOME: home, TZ: "UTC" }, input);
    return `${out}${err}`;
  };
  /** Runs a session, and returns its output without the mailbox name and without line and character counts. */
  const converse = async (name: string, input: string) => {
    const saved = join(home, "saved");
    rmSync(saved, { force: true });
    const output = await run(["-f", name], input.replaceAll("SAVED", saved));
    const lines = output.replaceAll(name, "MAILBOX").replace(/^([> ].* \d\d:\d\d) [\d /]{10} /gm, "$1 COUNTS ");
    return [lines, readIfPresent(saved)];
  };

  test.each<[string, ...string[]]>([
    ["header lists", "h", "f *", "z", "h 500", "f 990-$", "set show-rcpt", "f 1-20"],
    [
      "searches in state and header",
      "f from:ann",
      "f subject:report and not from:bob",
      "f carol",
      "f /invoice",
      "f :n",
      "f to:dee",
    ],
    ["searches by date", "f since:2021-06-01 and before:2021-07-01", "f on:2021-03-05", "f before:2021-01-15"],
    [
      "searches in bodies",
      "f body:lunch",
      "f body:grüße",
      "f has:attachment and from:dee",
      "f not body:disk and from:erik",
    ],
    ["printing", "p 1-30", "P 5", "set decode", "p 20-40", "top 3-5", "n", "n"],
    ["orders", "sort date", "f 1-10", "sort subject", "h", "sort -from", "h", "thread", "h"],
    ["marks", "d from:ann", "u 1-100", "h", "d 5-9", "undo", "f 1-12", "unread 3", "f 1-5"],
    ["saving", "save from:carol SAVED", "copy 1-5 SAVED", "write 7 SAVED"],
    ["piping", "pipe 1-20 cat", "pipe -p 1 subject:report and has:attachment cat"],
  ])("%s are the same", async (_title, ...lines) => {
    const input = `${lines.join("\n")}\nx\n`;
    const expected = await converse(names.mbox, input);
    expect(await converse(names.maildir, input)).toEqual(expected);
    expect(await converse(names.server, input)).toEqual(expected);
  });

  /** Runs a session in a new directory. @returns its output, the files that it wrote, and the messages that it sent */
  const play = async (mailbox: string, input: string) => {
    const place = mkdtempSync(join(home, "session-"));
    const sender = join(home, "sender");
    writeFileSync(sender, "#!/bin/sh\ncat >>sent\n", { mode: 0o755 });
    const words = ["-N", "-S", `sendmail=${sender}`, "-f", mailbox];
    const { out, err } = await runMail(
      words,
      {
        PATH: process.env["PATH"],
        HOME: home,
        TZ: "UTC",
        USER: "root",
        LOGNAME: "root",
        EDITOR: "true",
        VISUAL: "true",
        PAGER: "cat",
      },
      input,
      place,
    );
    const files = readdirSync(place).map((name) => [
      name,
      readFileSync(join(place, name), "latin1").replace(/^(?:Date|Message-ID|User-Agent): .*\n/gm, ""),
    ]);
    const output = `${out}${err}`
      .replaceAll(mailbox, "MAILBOX")
      .replaceAll(place, "PLACE")
      .replace(/^([> ].* \d\d:\d\d) [\d /]{10} /gm, "$1 COUNTS ")
      // Maildirs and servers record that a message has been answered; an mbox file remains unchanged.
      .replace(/^"MAILBOX" complete\n/m, "");
    return [output, files];
  };

  test("a fair number of the conformance suite's sessions take part", () => {
    expect(sessions.length).toBeGreaterThan(150);
  });

  test.each(groupSessions())("the sessions %s are the same", async (_title, input) => {
    const [expected, ...others] = await withCopies((copies) =>
      Promise.all(Object.values(copies).map((mailbox) => play(mailbox, `${input}x\n`))),
    );
    for (const found of others) expect(found).toEqual(expected);
  });

  test("after quit, the same messages remain in the same state", async () => {
    const input = "d from:bob\np 1-3\nflag 10-12\nunread 2\nanswered from:dee\nq\n";
    const [expected = [], ...others] = await withCopies(async (copies) => {
      const states: string[][] = [];
      for (const mailbox of Object.values(copies)) {
        await converse(mailbox, input);
        const listed = await run(["--json", "-f", mailbox], "");
        states.push(listed.split("\n").map((line) => line.replace(/"(?:offset|size|lines|id)":[^,]*,/g, "")));
      }
      return states;
    });
    expect(expected.length).toBeGreaterThan(700);
    for (const found of others) expect(found).toEqual(expected);
  });
});

function readIfPresent(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
