/**
 * Runs the README's transcripts with the built program on a pseudo-terminal; transcripts that need a pipe run in the
 * shell.
 *
 * Dates and identifiers differ in each run, so they are compared as patterns. With WRITE_TRANSCRIPTS=1, the screens are
 * written into README.md.
 */
import { execFile } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { openLog } from "../src/maild/log.ts";
import { listen, type Server } from "../src/maild/server.ts";
import { certificates } from "./servers/dovecot.ts";
import { type LyingServer, startLyingServer } from "./servers/lying-server.ts";
import { screenOf } from "./sessions/support/on-pty.ts";
import { mail, type Sandbox, sandbox } from "./sessions/support/sandbox.ts";

const root = resolve(import.meta.dirname, "..");
const page = join(root, "README.md");
const program = [process.execPath, join(root, "bin/mail.js")];
const block = /<!-- played: ([\w-]+) -->\n```text\n((?:.|\n)*?)```\n/g;
const transcripts = [...readFileSync(page, "utf8").matchAll(block)].map(([, name = "", text = ""]) => ({ name, text }));

const inbox = [
  mail({ from: "cron@example.org", subject: "Backup done", status: "O" }),
  mail({ from: "ann@example.org", subject: "Lunch on Friday?", status: "O" }),
  mail({ from: "cron@example.org", subject: "Backup failed", status: "O" }),
  mail({ from: "cron@example.org", subject: "Disk report", status: "O", body: "/srv is full\n" }),
];
const invitation = `From: Ann Lee <ann@example.org>
To: root@example.org
Subject: =?UTF-8?Q?Caf=C3=A9_meeting?=
MIME-Version: 1.0
Content-Type: text/calendar; charset=utf-8; method=REQUEST
Content-Transfer-Encoding: quoted-printable

BEGIN:VCALENDAR
VERSION:2.0
METHOD:REQUEST
BEGIN:VEVENT
UID:1@example.org
DTSTART:20261204T090000Z
DTEND:20261204T100000Z
SUMMARY:Caf=C3=A9 meeting
LOCATION:Room 5
ORGANIZER;CN=Ann Lee:mailto:ann@example.org
ATTENDEE;CN=Root:mailto:root@example.org
END:VEVENT
END:VCALENDAR
`;
const newsletter = `From: News <news@example.net>
To: root@example.org
Subject: Prices
MIME-Version: 1.0
Content-Type: text/html; charset=utf-8

<html><body><h1>New prices</h1><ul><li>Disk: <b>20 &euro;</b></li><li>Tape: 9 &euro;</li></ul>
<p>Log in at <a href="http://phish.example/login">www.bank.example</a>.</p></body></html>
`;
const backup = "echo '/srv/backup: No space left on device' >&2\nexit 1\n";

const onServer = [
  { from: "cron@example.org", subject: "Backup done", flags: ["\\Seen"] },
  { from: "ann@example.org", subject: "Lunch on Friday?" },
  { from: "cron@example.org", subject: "Disk report", text: "/srv is full\n" },
];

let place: Sandbox;
let server: Server;
let imapServer: LyingServer;
beforeAll(async () => {
  place = sandbox({
    files: { inbox: inbox.join(""), "invitation.eml": invitation, "newsletter.eml": newsletter, "backup.sh": backup },
  });
  const spool = join(place.home, "mail");
  mkdirSync(spool);
  place.environment["MAIL"] = join(spool, "root");
  place.environment["PATH"] = `${join(place.home, "bin")}:/usr/bin:/bin`;
  mkdirSync(join(place.home, "bin"));
  writeFileSync(join(place.home, "bin/mail"), `#!/bin/sh\nexec '${program.join("' '")}' "$@"\n`, { mode: 0o755 });
  const log = join(place.home, "mail.log");
  const users = ["ann", "root"];
  const limits = { listen: "127.0.0.1", port: 0, clients: 20, stateDirectory: place.home };
  server = await listen({ ...limits, spool, domain: "example.org", users }, openLog(log));
  const settings = `mta=smtp://${server.address} maillog=${log} from=ann@example.org`;
  imapServer = await startLyingServer({
    certificate: "localhost",
    messages: onServer.map(({ from, subject, flags = [], text = "text\n" }, at) => ({
      uid: at + 1,
      flags,
      text: `From: ${from}\nSubject: ${subject}\n\n${text}`,
      received: "30-Nov-2026 06:50:43 +0000",
    })),
  });
  imapServer.folders.set("Archive", []);
  const folder = `imaps://ann@localhost:${imapServer.port}`;
  const certificate = join(certificates, "localhost.pem");
  const account = `set MAIL=${folder}/INBOX folder=${folder} password=secret cafile="${certificate}" systemca=no`;
  const startUp = join(place.home, ".mailrc");
  writeFileSync(startUp, `set ${settings} folder=${place.home}\nretain subject\naccount work {\n${account}\n}\n`);
  chmodSync(startUp, 0o600);
});
afterAll(async () => {
  await imapServer?.close();
  await server?.close();
  place?.remove();
});

/** Splits a transcript into commands, each followed by its output. */
function commandsOf(transcript: string): string[][] {
  const commands: string[][] = [];
  for (const line of transcript.trimEnd().split("\n")) {
    if (line.startsWith("$ ")) commands.push([line]);
    else commands.at(-1)?.push(line);
  }
  return commands;
}

/** Runs a line as a shell would after a command that exited with the code `before`. */
function runInShell(line: string, before: number): Promise<{ shown: string; exit: number }> {
  const { environment: env, home: cwd } = place;
  return new Promise((done) => {
    execFile("/bin/sh", ["-c", `exec 2>&1; (exit ${before}); ${line}`], { env, cwd }, (error, stdout) =>
      done({ shown: stdout, exit: typeof error?.code === "number" ? error.code : 0 }),
    );
  });
}

/** Types the commands of a transcript, and returns the resulting screen, in which server names are replaced. */
async function play(transcript: string): Promise<string> {
  let screen = "";
  let exit = 0;
  for (const lines of commandsOf(transcript)) {
    const command = lines[0]?.slice(2) ?? "";
    if (/^mail(?: [^|<>;]*)?$/.test(command)) {
      const typed = lines.filter((line, index) => index === 0 || line.startsWith("& "));
      const shown = await screenOf(typed, place, program);
      const ended = /\[exit (\d+)\]\n$/.exec(shown);
      exit = Number(ended?.[1] ?? 0);
      screen += shown.slice(0, ended?.index);
    } else {
      const ran = await runInShell(command, exit);
      exit = ran.exit;
      screen += `$ ${command}\n${ran.shown}`;
    }
  }
  return screen
    .replaceAll(place.home, "~")
    .replaceAll(`localhost:${imapServer.port}`, "mail.example.org")
    .replace(/\r/g, "")
    .replace(/[ \t]+$/gm, "")
    .replace(/\n+$/, "\n")
    .replace(/^(Host: +| {2}.* message-id {2}<[^@>\n]+@)[^\s>]+/gm, "$1server");
}

/** Returns the part of a transcript that is the same in every run. */
function withoutDates(text: string): string {
  return text
    .replace(/\b(?:[A-Z][a-z]{2}, )?\d+ [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d/g, "DATE")
    .replace(/\b[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}/g, "DATE")
    .replace(/\b[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d/g, "DATE")
    .replace(/\b[0-9A-F]{10,}\b/g, "QUEUEID")
    .replace(/<[\w.]+@[\w.-]+>(?=$|\n)/g, "<ID>")
    .replace(/delay=[\d.]+|[\d.]+ (?:ms|seconds|s)\b|\d+ bytes|\d+\/\d+/g, "N");
}

test("the README has a transcript for each feature that only this program has", () => {
  expect(transcripts.map(({ name }) => name)).toEqual(["refused", "undo", "readable", "run", "server", "track"]);
});

test.each(transcripts)("a transcript in the README shows the real output: $name", async ({ name, text }) => {
  const screen = await play(text);
  if (process.env["WRITE_TRANSCRIPTS"] === "1") {
    const written = readFileSync(page, "utf8").replace(block, (all, each: string) =>
      each === name ? `<!-- played: ${each} -->\n\`\`\`text\n${screen}\`\`\`\n` : all,
    );
    writeFileSync(page, written);
    return;
  }
  expect(withoutDates(screen)).toBe(withoutDates(text));
});

test("each test that the README's table cites exists", () => {
  const cited = [...readFileSync(page, "utf8").matchAll(/\btest\/[\w./-]+\.ts\b/g)].map(([path]) => path);
  expect(cited.length).toBeGreaterThan(5);
  for (const path of cited) expect([path, existsSync(join(root, path))]).toEqual([path, true]);
});
