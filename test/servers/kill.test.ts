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

const usual = "IMAP4rev1 SASL-IR AUTH=PLAIN ENABLE ESEARCH UNSELECT LITERAL+ IDLE";

/** The settings, and the server's capabilities, for a quit that moves message 2 to another folder on the server. */
const departures: readonly (readonly [string, string, boolean])[] = [
  ["to trash", `${usual} UIDPLUS MOVE`, true],
  ["to trash, without MOVE", `${usual} UIDPLUS`, true],
  ["to trash, without UIDPLUS", `${usual} MOVE`, true],
  ["to trash, without MOVE and UIDPLUS", usual, true],
  ["to MBOX", `${usual} UIDPLUS MOVE`, false],
  ["to MBOX, without MOVE and UIDPLUS", usual, false],
];

test.each(departures)(
  "if the program is killed during any command of a quit that moves a message %s, no message is lost",
  async (_title, capabilities, isTrash) => {
    for (let nth = 1, wasKilled = true; wasKilled; nth++) {
      for (const isDone of [false, true]) {
        const place = mkdtempSync(join(home, "home-"));
        let count = 0;
        let isOver = false;
        let child: ChildProcess | undefined;
        const found = await startLyingServer({
          messages: messages.map((each) => ({ ...each, text: `Message-ID: <${each.uid}@x>\n${each.text}` })),
          capabilities,
          answer: (line, _tag, answerHonestly) => {
            if (isOver || !/^(?:NOOP|APPEND|SELECT "Other"|UID (?:STORE|COPY|MOVE|EXPUNGE)|LOGOUT)/.test(line))
              return undefined;
            if (++count !== nth) return undefined;
            if (isDone) answerHonestly();
            child?.kill("SIGKILL");
            return "silent";
          },
        });
        found.folders.set("Other", []);
        const base = `imap://ann@localhost:${found.port}`;
        const options = isTrash ? ["trash=+Other"] : ["nohold", "MBOX=+Other"];
        const argv = [...settings.slice(0, 4), ...[`folder=${base}`, ...options].flatMap((each) => ["-S", each])];
        const start = (input: string) => {
          const env = { PATH: process.env["PATH"], HOME: place, ...(isTrash ? {} : { MAIL: `${base}/INBOX` }) };
          const words = ["-n", "-N", ...argv, ...(isTrash ? ["-f", `${base}/INBOX`] : [])];
          child = spawn(process.execPath, [launcher, ...words], { env, stdio: ["pipe", "ignore", "pipe"] });
          child.stdin?.end(input);
          return once(child, "close") as Promise<[number | null, string | null]>;
        };
        const inFolder = (name: string) =>
          (found.folders.get(name) ?? []).flatMap(({ bytes }) => numbers(bytes.toString().replaceAll("\r\n", "\n")));
        const kept = () =>
          (found.folders.get("INBOX") ?? []).filter(({ flags }) => !flags.has("\\Deleted")).map(({ uid }) => uid);
        const input = isTrash ? "d 2\nq\n" : "p 2\nq\n";
        wasKilled = (await start(input))[1] === "SIGKILL";
        isOver = true;
        expect(kept()).toEqual(expect.arrayContaining([1, 3]));
        expect([...inFolder("INBOX"), ...inFolder("Other")]).toContain(2);
        if (kept().includes(2)) expect((await start(input))[0]).toBe(0);
        expect(kept()).toEqual([1, 3]);
        expect(inFolder("Other")).toContain(2);
        expect(inFolder("Other").filter((number) => number !== 2)).toEqual([]);
        if (!wasKilled) expect([inFolder("Other"), nth > 4]).toEqual([[2], true]);
        expect(found.commands.filter((line) => /^(?:EXPUNGE|CLOSE|STORE)|STORE \S+ FLAGS/i.test(line))).toEqual([]);
        await found.close();
      }
    }
  },
);
