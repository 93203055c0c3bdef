/** Kills the program at each command that it sends during a quit, and then accounts for every message. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { type LyingServer, type Script, startLyingServer } from "./lying-server.ts";

const launcher = join(import.meta.dirname, "../../bin/mail.js");
const messages = [1, 2, 3].map((uid) => ({ uid, text: `From: a@x\nSubject: number ${uid}\n\ntext ${uid}\n` }));

let home: string;
let server: LyingServer | undefined;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "mail-kill-"));
});
afterEach(async () => {
  await server?.close();
  rmSync(home, { recursive: true });
});

const settings = ["starttls=none", "passwordcommand=echo secret", "MBOX=~/mbox"].flatMap((each) => ["-S", each]);

function run({ port }: LyingServer, how: "-f" | "MAIL", input: string): ChildProcess {
  const address = `imap://ann@localhost:${port}/INBOX`;
  const argv = ["-n", ...settings, ...(how === "-f" ? ["-f", address] : ["-S", "nohold"])];
  const env = { PATH: process.env["PATH"], HOME: home, ...(how === "MAIL" ? { MAIL: address } : {}) };
  const child = spawn(process.execPath, [launcher, ...argv], { env, stdio: ["pipe", "ignore", "pipe"] });
  child.stdin?.end(input);
  return child;
}

/** Runs a session, and kills it when the server receives the nth command of its quit. @returns whether it was killed */
async function runAndKill(nth: number, how: "-f" | "MAIL", input: string, isDone: boolean): Promise<boolean> {
  let count = 0;
  let child: ChildProcess | undefined;
  let isOver = false;
  const answer: Script["answer"] = (line, _tag, answerHonestly) => {
    if (isOver || !/^NOOP|STORE|EXPUNGE|LOGOUT/.test(line) || ++count !== nth) return undefined;
    // The server may execute the command before the program is killed.
    if (isDone) answerHonestly();
    child?.kill("SIGKILL");
    return "silent";
  };
  server = await startLyingServer({ messages, answer });
  child = run(server, how, input);
  const [, signal] = (await once(child, "close")) as [number | null, string | null];
  isOver = true;
  return signal === "SIGKILL";
}

async function finish(found: LyingServer, how: "-f" | "MAIL", input: string): Promise<void> {
  const child = run(found, how, input);
  const [exit] = (await once(child, "close")) as [number | null];
  expect(exit).toBe(0);
}

const numbers = (text: string) => [...text.matchAll(/^Subject: number (\d)$/gm)].map(([, number]) => Number(number));
const inMbox = () => (existsSync(join(home, "mbox")) ? numbers(readFileSync(join(home, "mbox"), "utf8")) : []);
const onServer = (found: LyingServer) => (found.folders.get("INBOX") ?? []).map(({ uid }) => uid);

const moments = Array.from({ length: 6 }, (_, at) => at + 1).flatMap((nth) => [
  [nth, false] as const,
  [nth, true] as const,
]);

test.each(moments)(
  "if the program is killed at command %i of a quit (executed: %s), only the deleted message is missing",
  async (nth, isDone) => {
    const wasKilled = await runAndKill(nth, "-f", "p 1\nd 2\nq\n", isDone);
    const found = server as LyingServer;
    expect(onServer(found)).toEqual(expect.arrayContaining([1, 3]));
    if (!wasKilled) expect(onServer(found)).toEqual([1, 3]);
    for (const { uid, flags } of found.folders.get("INBOX") ?? [])
      if (uid !== 2) expect([...flags]).not.toContain("\\Deleted");
    // If the message is already marked as deleted, another client may have marked it. The message is then removed only
    // on request.
    const rest = found.folders.get("INBOX")?.find(({ uid }) => uid === 2);
    const request = rest === undefined ? "" : rest.flags.has("\\Deleted") ? "u 2\nd 2\n" : "d 2\n";
    await finish(found, "-f", `${request}q\n`);
    expect(onServer(found)).toEqual([1, 3]);
  },
);

test.each(moments)(
  "if the program is killed at command %i of a quit that moves messages to mbox (executed: %s), no message is lost",
  async (nth, isDone) => {
    await runAndKill(nth, "MAIL", "p 1\np 2\nq\n", isDone);
    const found = server as LyingServer;
    expect(new Set([...inMbox(), ...onServer(found)])).toEqual(new Set([1, 2, 3]));
    await finish(found, "MAIL", "q\n");
    expect(new Set([...inMbox(), ...onServer(found)])).toEqual(new Set([1, 2, 3]));
    expect(onServer(found)).toContain(3);
  },
);
