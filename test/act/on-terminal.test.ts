/**
 * Runs `mail` on a terminal with the options that are meant for programs. With these options, `mail` must ask no
 * questions, read no input, start no pager and print no colours.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { openPty } from "../../scripts/pty.mjs";
import { letter, makePlace } from "./support/boxes.ts";

const place = makePlace();
const program = join(import.meta.dirname, "../../bin/mail.js");
let id: string;

beforeAll(() => {
  const letters = Array.from({ length: 60 }, (_, index) => letter(`s${index}`));
  place.create("mbox", "box", letters);
  id = place.ids("box")["s0"] as string;
  writeFileSync(join(place.home, ".mailrc"), "set crt=5 PAGER=false ask editheaders colour\nset mta=/bin/true\n");
  // A draft left by a killed session must not be offered.
  mkdirSync(join(place.home, ".local/state/mail/drafts"), { recursive: true, mode: 0o700 });
  writeFileSync(join(place.home, ".local/state/mail/drafts/1"), "To: x@y\n\ntext\n", { mode: 0o600 });
});
afterAll(() => rmSync(place.home, { recursive: true, force: true }));

/** Runs a form on a terminal without typing anything. */
async function runOnTerminal(argv: readonly string[]): Promise<{ exit: number | null; text: string }> {
  let text = "";
  const pty = await openPty({
    argv: [process.execPath, program, "-n", ...argv],
    env: {
      PATH: process.env["PATH"] ?? "",
      HOME: place.home,
      MAIL: join(place.home, "spool"),
      TERM: "xterm-256color",
      COLORTERM: "truecolor",
      FORCE_COLOR: "3",
    },
    cwd: place.home,
    onData: (data: string) => {
      text += data;
    },
  });
  const exit = await pty.exited;
  await pty.close();
  return { exit, text };
}

test.each<[argv: string[], exit: number]>([
  [["--json", "-f", "box"], 0],
  [["--json", "--text", "--all-headers", "-f", "box"], 0],
  [["--show", "--json", "ID", "-f", "box"], 0],
  [["--json"], 1],
  [["--mark", "read", "ID", "-f", "box"], 0],
  [["--mark", "flagged", "--json", "ID", "-f", "box"], 0],
  [["--copy", "./copy", "--json", "subject:s1", "-f", "box"], 0],
  [["--delete", "from:nobody", "-f", "box"], 1],
  [["--reply", "ID", "--json", "-f", "box"], 64],
  [["--forward", "ID", "x@y", "-f", "box"], 64],
  [["--part", "1", "ID", "-f", "box"], 0],
  [["--json-schema"], 0],
])("mail %j reads no input, exits with code %s, and prints no colours", async (argv, exit) => {
  const ended = await runOnTerminal(argv.map((word) => (word === "ID" ? id : word)));
  expect(ended.exit).toBe(exit);
  expect(ended.text).not.toContain("\u001b");
  if (exit === 64) expect(ended.text).toContain("standard input is a terminal");
  if (argv.includes("--json"))
    for (const line of ended.text.split("\r\n").slice(0, -1)) expect(() => JSON.parse(line)).not.toThrow();
});
