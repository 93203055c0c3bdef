/** Tests programs at the other end of a pipe, and clients that remove messages during a session. */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "@jest/globals";

const program = resolve(import.meta.dirname, "../../bin/mail.js");
const home = mkdtempSync(join(tmpdir(), "mail-others-"));
const message = "From ann@example.org Sat Jan 16 18:22:01 2021\nSubject: a\x7fb\n\ntext\n\n";
const env = { HOME: home, PATH: "/usr/bin:/bin", USER: "root", MAIL: join(home, "pipe") };

beforeAll(() => writeFileSync(join(home, "box"), message));
afterAll(() => rmSync(home, { recursive: true, force: true }));

function mail(argv: readonly string[], input = "") {
  const options = { cwd: home, env, input, encoding: "utf8", timeout: 20_000 } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, "-n", ...argv], options);
  return { status, stdout, stderr };
}

test("a program at the other end of a pipe receives one command's output before it writes the next command", async () => {
  const child = spawn(process.execPath, [program, "-n", "-f", "box"], { cwd: home, env });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  try {
    for (let line = 0; line < 3; line++) await answers.next();
    for (const [command, answer] of [
      ["size 1", /^1: 5\/\d+$/],
      ["=", /^1$/],
    ] as const) {
      child.stdin.write(`${command}\n`);
      expect((await answers.next()).value).toMatch(answer);
    }
    child.stdin.end("x\n");
    expect(await new Promise((ended) => child.on("close", ended))).toBe(0);
  } finally {
    child.kill();
  }
}, 20_000);

test.each([[["-e"]], [[]], [["--count"]]])("mail %p does not wait for a pipe named by MAIL", (argv) => {
  if (!existsSync(env.MAIL)) execFileSync("mkfifo", [env.MAIL]);
  const stderr = `mail: ${env.MAIL}: not a mailbox; nothing was opened\n`;
  expect(mail(argv)).toEqual({ status: 65, stdout: "", stderr });
});

test("a Maildir message that another client has removed is not saved, and other messages are not affected", () => {
  const cur = join(home, "dir/cur");
  for (const part of ["cur", "new", "tmp"]) mkdirSync(join(home, "dir", part), { recursive: true });
  for (const n of [1, 2, 3]) writeFileSync(join(cur, `${n}.a.h:2,S`), `Subject: s${n}\n\ntext\n`);
  const ended = mail(["-f", "dir"], "!rm dir/cur/2.*\nsave 1-3 all\nsave 2 one\nsave 3 rest\nq\n");
  expect(ended.stderr).toBe("mail: message 2: removed by another program; nothing was added\n".repeat(2));
  expect([existsSync(join(home, "all")), existsSync(join(home, "one")), existsSync(join(home, "rest"))]).toEqual([
    false,
    false,
    true,
  ]);
  expect(readdirSync(cur).sort()).toEqual(["1.a.h:2,S", "3.a.h:2,S"]);
});

test("in a pipe, if a message cannot be read, the exit code is not 0, and the remaining commands are run", () => {
  for (const part of ["cur", "new", "tmp"]) mkdirSync(join(home, "unreadable", part), { recursive: true });
  for (const n of [1, 2]) writeFileSync(join(home, `unreadable/cur/${n}.a.h:2,S`), `Subject: s${n}\n\ntext ${n}\n`);
  const { status, stdout, stderr } = mail(["-f", "unreadable"], "!rm unreadable/cur/1.*\np 1\np 2\nx\n");
  expect([status, stderr]).toEqual([66, "mail: message 1: removed by another program\n"]);
  expect(stdout).toContain("text 2");
});

test("in a pipe, a mistake does not change the exit code", () => {
  const { status, stdout } = mail(["-f", "box"], "p 9\nfolder missing\nsource missing\np :o\nx\n");
  expect([status, stdout.includes("9: Invalid message number")]).toEqual([0, true]);
});

test("--json escapes DEL", () => {
  const { stdout } = mail(["--json", "-f", "box"]);
  expect(stdout).not.toContain("\x7f");
  expect(JSON.parse(stdout).subject).toBe("a\x7fb");
});
