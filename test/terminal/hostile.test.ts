/**
 * With colours and line editing, no message, file name, alias or recalled line can send an escape sequence, a control
 * character or a change of direction to the terminal.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { openPty, type Pty } from "../../scripts/pty.mjs";

const program = resolve(import.meta.dirname, "../../bin/mail.js");
/** The program itself never writes any of these parameters, sequences or control characters. */
const payload = "\x1b[2J\x1b[9A\x1b[45mP\x1b]0;owned\x07\x9b2J\x1bc\b\b\x0e\x7f\u202eQ\u202c\u2066R\x85\r!";
const encoded = `=?UTF-8?B?${Buffer.from(payload).toString("base64")}?=`;

const spool = `From eve@x${payload.replace(/[\r ]/g, "")} Sat Jan 16 18:22:01 2021
From: "${payload}" <eve${payload}@example.org>
To: root, "${encoded}" <a@b.example>
Cc: bob${payload}@example.org
Subject: ${payload} ${encoded}
X-${payload}: ${payload}
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain; charset=UTF-8; x="${payload}"

${payload}
> ${payload} https://x.example/${payload}

--b
Content-Type: text/html; charset=UTF-8
Content-Disposition: attachment; filename="${encoded}.html"

<a href="https://x.example/${payload}">${payload}</a>&#27;[2J&#x9b;2J
--b--

`;

let home = "";
let pty: Pty | undefined;

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "mail-hostile-"));
  mkdirSync(join(home, "state/mail"), { recursive: true });
  mkdirSync(join(home, "folders"));
  const name = payload.replaceAll("/", "");
  for (const [file, content] of [
    [`spool${name}`, spool],
    [`folders/a${name}`, ""],
    ["folders/ab", ""],
    ["state/mail/history", `p 1 ${payload.replace("\r", "")}\n`],
    [".mailrc", `set folder=folders history-file=state/mail/history prompt='%f ${name.replace("\r", "")}& '\n`],
  ] as const)
    writeFileSync(join(home, file), content, { mode: 0o600 });
});
afterAll(async () => {
  await pty?.close();
  rmSync(home, { recursive: true, force: true });
});

/** Returns a transcript without the control sequences of the theme and the line editor. */
function foreign(transcript: string): string {
  const ours = /\x1b\[(?:1|2|4|9|22|24|29|39|38;5;(?:28|30|32|160|163))m|\r|\n|\t|\x1b\[J|\x1b\[\d*C|\x1b\[\?2004[hl]/g;
  return transcript.replace(ours, "").replace(/[^\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "");
}

test("lists, messages, replies, prompts, completion, history and the pager send no untrusted control sequences", async () => {
  const name = `spool${payload.replaceAll("/", "")}`;
  const env = {
    HOME: home,
    MAIL: join(home, name),
    TERM: "xterm-256color",
    LC_ALL: "C.UTF-8",
    PATH: "/usr/bin:/bin",
    USER: "root",
    PAGER: "cat",
  };
  const terminal = await openPty({ argv: [process.execPath, program, "-n"], env, cwd: home, columns: 200, rows: 50 });
  pty = terminal;
  const prompt = /!& \x1b\[22m$/;
  const command = async (line: string, until: string | RegExp = prompt) => {
    terminal.send(`${line}\r`);
    await terminal.expect(until);
  };
  await terminal.expect(prompt);
  for (const line of ["f *", "p", "P", "set nodecode", "p", "top", "set crt=1", "p", "more", "unset crt", "parts"])
    await command(line);
  // An earlier line with control characters is recalled with the arrow keys and with a search.
  terminal.send("\x1b[A\x1b[A\x1b[A\x12p 1\x07\x15");
  await command("alias evil ann", prompt);
  terminal.send("save 1 +a\t\t");
  await terminal.expect("+ab");
  terminal.send("\x15p \t\t\x15");
  await command("r", /\n\r?\n(?:\x1b\[\?2004h)?$/);
  terminal.send("~m\r");
  await terminal.expect("(continue)");
  terminal.send("~h\r");
  for (const field of ["To: ", "Subject: ", "Cc: ", "Bcc: "]) {
    await terminal.expect(`${field}\x1b[22m`);
    terminal.send("\x01\x05\r");
  }
  await terminal.expect("(continue)");
  await command("~x");
  await command("folder ?", "ab");
  const shown = terminal.transcript();
  expect(shown).toContain("^[[2J");
  // A library draws the list of choices; the recorded screens test the library's output.
  expect(JSON.stringify(foreign(shown.slice(0, shown.lastIndexOf("folder ?"))))).toBe('""');
  terminal.send("\x03");
  await terminal.expect(prompt);
  const list = terminal.transcript().slice(shown.lastIndexOf("folder ?"));
  expect(list).not.toMatch(/\x1b\[(?:2J|9A|45m)|\x1b[\]c]|[\x0e\x7f\x9b]|\u202e|\u2066/);
  terminal.send("x\r");
  expect(await terminal.exited).toBe(0);
});
