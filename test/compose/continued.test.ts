/**
 * Tests that an interrupted draft can be continued, and that its file is removed only after the text has been stored
 * elsewhere.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { openPty, type Pty } from "../../scripts/pty.mjs";
import { until } from "../until.ts";

const program = join(fileURLToPath(new URL(".", import.meta.url)), "../../bin/mail.js");
let home: string;
let drafts: string;
let ptys: Pty[];

beforeEach(() => {
  ptys = [];
  home = mkdtempSync(join(tmpdir(), "mail-continued-"));
  drafts = join(home, ".local/state/mail/drafts");
  mkdirSync(drafts, { recursive: true });
  const people = { to: ["a@x.org"], cc: [], bcc: [], fields: [], attachments: [] };
  writeFileSync(join(drafts, "cut-off"), `${JSON.stringify({ owner: "1 0", ...people, subject: "plan" })}\none\n`);
});
afterEach(async () => {
  for (const pty of ptys) await pty.close();
  rmSync(home, { recursive: true, force: true });
});

/** @param limit shell commands that run before the program starts, such as ulimit */
async function mail(limit = ":"): Promise<Pty> {
  const argv = ["/bin/sh", "-c", `${limit}; exec "$@"`, "sh", process.execPath, program];
  const env = { PATH: process.env["PATH"] ?? "", HOME: home, LOGNAME: "ann", TERM: "dumb", MAIL: join(home, "spool") };
  const pty = await openPty({ argv, env, cwd: home });
  ptys.push(pty);
  return pty;
}

async function goOn(pty: Pty): Promise<void> {
  await pty.expect("keep it for later (Enter)? ");
  pty.send("y\n");
  await pty.expect("(continue)");
}

const texts = () => readdirSync(drafts).map((name) => readFileSync(join(drafts, name), "utf8").split("\n")[1]);

test("if no file can be written, the draft remains until the next start", async () => {
  const pty = await mail("ulimit -f 0");
  await goOn(pty);
  pty.send("~q\n");
  await pty.expect("dead.letter: File too large; this is the text:");
  await pty.exited;
  expect([readdirSync(drafts), texts(), existsSync(join(home, "dead.letter"))]).toEqual([["cut-off"], ["one"], false]);
});

test("while one mail process continues a draft, no other process offers or continues it", async () => {
  const [first, second] = [await mail(), await mail()];
  await second.expect("keep it for later (Enter)? ");
  await goOn(first);
  await until(() => !existsSync(join(drafts, "cut-off")));
  expect(texts()).toEqual(["one"]);
  second.send("y\n");
  await second.expect("mail: another mail process is already continuing it");
  await second.expect("No mail for ann");
  const third = await mail();
  await third.exited;
  expect(third.transcript()).toMatch(/^No mail for ann\r?\n$/);
});
