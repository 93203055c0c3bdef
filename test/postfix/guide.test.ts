/**
 * Plays the transcripts of the guide, in both languages, with a real Postfix.
 *
 * Text that differs from run to run (dates, queue IDs, counts, the test's names) is compared as a pattern. With
 * WRITE_TRANSCRIPTS=1, the recorded output is written into the pages.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Pty } from "../../scripts/pty.mjs";
import { Office, patience, queuedAs, type, type User } from "./people.ts";

const pages = ["docs/local-mail.md", "docs/correo-local.md"];
const block = /<!-- transcript: ([\w-]+) -->\n```text\n((?:.|\n)*?)```\n/g;
const seen = new Map<string, string>();
/**
 * Colours and line editing are off, because the pages show no colours, and line editing would redraw the typed line.
 */
const plain = { TERM: "dumb", NO_COLOR: "1" };
let office: Office;

beforeAll(async () => {
  office = await Office.open();
  const { sender, admin, postfix } = office;
  const everyone = `root@${postfix.domain}`;
  const sent = await play("send", sender, [everyone], async (pty) => {
    await pty.expect("Subject: ", patience);
    for (const line of ["Re: hola", "Are you there?", "Yours, debian"]) await type(pty, line);
    pty.send("\u0004");
    await pty.expect("Cc: ", patience);
    pty.send("\r");
  });
  expect(sent).toBe(0);
  await untilDelivered(1);
  await play("read", admin, [], async (pty) => {
    await pty.expect("& ", patience);
    await type(pty, "1");
    await pty.expect("& ", patience);
    await type(pty, "q");
  });
  await play("by-hand", sender, ["--smtp", `127.0.0.1:${postfix.port}`], async (pty) => {
    const dialogue: readonly (readonly [string, RegExp])[] = [
      ["EHLO debian", /250 \S+.*\r\n/],
      [`MAIL FROM:<games@${postfix.domain}>`, /250 2\.1\.0 Ok/],
      [`RCPT TO:<${everyone}>`, /250 2\.1\.5 Ok/],
      ["DATA", /354 /],
    ];
    await pty.expect(/220 .*\r\n/, patience);
    for (const [line, answer] of dialogue) {
      await pty.expect("client> ", patience);
      await type(pty, line);
      await pty.expect(answer, patience);
    }
    for (const line of ["Subject: by hand", "", "Typed by hand.", "."]) {
      await pty.expect("client> ", patience);
      await type(pty, line);
    }
    await pty.expect(queuedAs, patience);
    await pty.expect("client> ", patience);
    await type(pty, "QUIT");
  });
  await untilDelivered(2);
  expect(await play("follow", sender, ["--track"], async () => {})).toBe(0);
  const refused = await play("refused", sender, [`nobody-here@${postfix.domain}`], async (pty) => {
    await pty.expect("Subject: ", patience);
    await type(pty, "Lost?");
    await type(pty, "No.");
    pty.send("\u0004");
    await pty.expect("Cc: ", patience);
    pty.send("\r");
  });
  expect(refused).toBe(67);
});

afterAll(() => office?.close());

/** Runs one scene, and records the terminal's output that follows the prompt and the command. @returns the exit code */
async function play(
  name: string,
  user: User,
  argv: readonly string[],
  scene: (pty: Pty) => Promise<void>,
): Promise<number> {
  const { exit, shown } = await office.onTerminal(user, argv, scene, plain);
  const prompt = user.name === "root" ? "root#" : "debian$";
  const command = ["mail", ...argv].join(" ").replace(/127\.0\.0\.1:\d+/, "localhost");
  seen.set(name, asInPage(`${prompt} ${command}\n${shown}`));
  return exit;
}

async function untilDelivered(messages: number): Promise<void> {
  const until = Date.now() + patience;
  while ((office.postfix.readLog().match(/: removed/g) ?? []).length < messages) {
    if (Date.now() > until) throw new Error(office.postfix.readLog());
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Replaces the test's names with those of the pages. */
function asInPage(text: string): string {
  return text
    .replaceAll(office.postfix.spool, "/var/mail")
    .replaceAll(office.admin.home, "/root")
    .replaceAll(office.sender.home, "/home/debian")
    .replaceAll("dominio.test", "DOMINIO")
    .replace(/\bdominio\.t\w*/g, "DOMINIO")
    .replace(/127\.0\.0\.1 port \d+/g, "localhost port 25")
    .replace(/\bgames\b/g, "debian")
    .replace(/^([> ][NU] +\d+ )(\S+) +(?=\w{3} \w{3} )/gm, inColumns)
    .replace(/[ \t]+$/gm, "")
    .trimEnd()
    .concat("\n");
}

/** Adjusts the columns of a header line, because the names on the pages are shorter. */
function inColumns(_all: string, front: string, name: string): string {
  return `${front}${name.padEnd(18)} `;
}

/** Returns the part of a transcript that is the same in every run. */
function lasting(text: string): string {
  return text
    .replace(/\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun),? .*?\d\d:\d\d(:\d\d)?( \d{4})?( [+-]\d{4}( \(\w+\))?)?/g, "DATE")
    .replace(/\b(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d \d\d:\d\d:\d\d/g, "DATE")
    .replace(/\b[0-9A-F]{8,12}\b/g, "QUEUEID")
    .replace(/<[\w.]+@[\w.-]+>/g, "<ID>")
    .replace(/delay=[\d.]+/g, "delay=N")
    .replace(/\b\d+\/\d+\b/g, "COUNTS")
    .replace(/\d+ bytes/g, "N bytes")
    .replace(/SIZE(=| )\d+/g, "SIZE$1N")
    .replace(/[ \t]+/g, " ")
    .replace(/[ \t]+$/gm, "")
    .replace(/\bEHLO \S+/g, "EHLO HOST");
}

test.each(pages)("the page %s shows the real output", (page) => {
  const text = readFileSync(join(process.cwd(), page), "utf8");
  if (process.env["WRITE_TRANSCRIPTS"] === "1") {
    writeFileSync(
      join(process.cwd(), page),
      text.replace(
        block,
        (_all, name: string) => `<!-- transcript: ${name} -->\n\`\`\`text\n${seen.get(name)}\`\`\`\n`,
      ),
    );
    return;
  }
  const shown = [...text.matchAll(block)].map(([, name = "", transcript = ""]) => [name, lasting(transcript)] as const);
  expect(shown.length).toBeGreaterThan(1);
  for (const [name] of shown) expect([...seen.keys()]).toContain(name);
  for (const [name, transcript] of shown) expect(transcript).toBe(lasting(seen.get(name) ?? ""));
});
