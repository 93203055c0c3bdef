/** Tests the folder command with a server that refuses logins. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { runMail } from "../run-mail.ts";
import { prepareHome } from "./dovecot.ts";
import { type LyingServer, startLyingServer } from "./lying-server.ts";

let home: string;
let server: LyingServer;
let mostLogins: number;
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), "mail-folder-"));
  writeFileSync(join(home, ".mailrc"), `set ${prepareHome(home)}\n`);
  const texts = ["one", "two"].map((subject) => `From: ann@x.example\nSubject: ${subject}\n\ntext ${subject}\n`);
  const from = "From ann@x.example Sat Jan 16 18:22:03 2021\n";
  writeFileSync(join(home, "box"), texts.map((text) => `${from}${text}\n`).join(""));
  let logins = 0;
  server = await startLyingServer({
    certificate: "localhost",
    messages: texts.map((text, index) => ({ uid: index + 1, text })),
    answer: (command, tag) =>
      command.startsWith("AUTHENTICATE") && ++logins > mostLogins ? `${tag} NO refused\r\n` : undefined,
  });
});
afterEach(async () => {
  await server.close();
  rmSync(home, { recursive: true });
});

const folder = () => `imaps://ann@localhost:${server.port}/INBOX`;
const run = (file: string, input: string) =>
  runMail(["-N", "-f", file], { PATH: process.env["PATH"], HOME: home, TZ: "UTC" }, input, home);

test("if the server refuses the login, the session continues in its folder", async () => {
  mostLogins = 0;
  const { exit, out, err } = await run("box", `d 1\nfolder ${folder()}\nf *\nq\n`);
  expect(err).toMatch(/^mail: localhost port \d+: login failed: refused/);
  expect(out).toMatch(/ {2}2 ann@x\.example .*\n"box" complete\n$/);
  expect(exit).toBe(77);
  expect(readFileSync(join(home, "box"), "latin1")).not.toContain("one");
});

test("if a folder that has been left cannot be opened again, an empty folder replaces it", async () => {
  // The folder is opened three times: by -f, by `folder` before the session leaves the folder, and again after the
  // session has left it.
  mostLogins = 2;
  const { exit, out, err } = await run(folder(), `d 1\nfolder ${folder()}\nd 1\nfolder\nfolder box\nf *\nq\n`);
  expect(err).toMatch(/^mail: localhost port \d+: login failed: refused\n$/);
  expect(out.replaceAll(folder(), "FOLDER").split("\n").slice(2)).toEqual([
    '"FOLDER" complete',
    "No applicable messages",
    '"/dev/null": 0 messages [Read only]',
    '"box": 2 messages 2 new',
    expect.stringMatching(/^>N {2}1 ann@x\.example .* one$/),
    expect.stringMatching(/^ N {2}2 ann@x\.example .* two$/),
    '"box" complete',
    "",
  ]);
  expect({ exit, left: server.folders.get("INBOX")?.map(({ uid }) => uid) }).toEqual({ exit: 77, left: [2] });
});
