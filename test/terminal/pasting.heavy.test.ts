/** Megabytes of text pasted into a message arrive completely, however the terminal delivers them. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { openPty, type Pty } from "../../scripts/pty.mjs";
import { until } from "../until.ts";

const program = resolve(import.meta.dirname, "../../bin/mail.js");

let home = "";
let pty: Pty | undefined;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "mail-pasting-"));
});
afterEach(async () => {
  await pty?.close();
  rmSync(home, { recursive: true, force: true });
});

const words = ["señor", "日本", "a\ttab", "~q", "", ".", "e\u0301", "the quick brown fox", "🙂"];
const lines = Array.from({ length: 40_000 }, (_line, index) => `${index} ${words[index % 9]} ${words[index % 7]}`);
const text = `${lines.join("\n")}\n`;

test.each([
  ["a paste of lines that the terminal marks arrives completely", "xterm", text, ["\x1b[200~", "\x1b[201~"]],
  ["a paste of lines that is not marked arrives completely", "xterm", text, ["", ""]],
  ["a paste of lines on a dumb terminal arrives completely", "dumb", text, ["", ""]],
  ["a paste of a single line arrives completely", "xterm", `${lines.join(" ")}\n`, ["\x1b[200~", "\x1b[201~"]],
])("%s", async (_how, TERM, pasted, [begin = "", end = ""]) => {
  const argv = [process.execPath, program, "-n", "-s", "pasted", "bob@example.org"];
  const env = { HOME: home, TERM, PATH: "/usr/bin:/bin", USER: "root", MAIL: join(home, "spool"), LC_ALL: "C.UTF-8" };
  pty = await openPty({ argv, env, cwd: home });
  pty.send("~p\r");
  await pty.expect("(continue)");
  await pty.paste(`${begin}${pasted.replaceAll("\n", "\r")}${end}~w copy\r`);
  const copy = join(home, "copy");
  const size = Buffer.byteLength(pasted);
  await until(() => existsSync(copy) && statSync(copy).size >= size);
  expect(readFileSync(copy, "utf8") === pasted).toBe(true);
  pty.send("~x\r");
  await pty.exited;
});
