/**
 * Tests the queues of users without a home directory, and a flush that root starts. Each user is a Debian system
 * account.
 */
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { findFreePort } from "../free-ports.ts";
import { closeServers, type ScriptedServer, scriptedServer } from "../submit/scripted-server.ts";
import { Office } from "./people.ts";
import { makeMachine, type PrivateMachine } from "./private-machine.ts";

let office: Office;
let directory: string;
/** The spool on the private machine. */
let spool: string;
let port: number;
let server: ScriptedServer;
let machine: PrivateMachine;

beforeAll(async () => {
  office = await Office.open();
});
afterAll(() => office?.close());

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "mail-queues-"));
  chmodSync(directory, 0o755);
  spool = join(directory, "spool");
  mkdirSync(spool);
  chmodSync(spool, 0o1777);
  port = await findFreePort();
  machine = makeMachine(join(directory, "machine"), {
    sendmail: office.sendmailCommand.join(" "),
    domain: "dominio.test",
    files: { "/etc/mail.rc": `set mta=smtp://127.0.0.1:${port}\n` },
  });
});
afterEach(async () => {
  await closeServers();
  rmSync(directory, { recursive: true, force: true });
});

const games = 5;
const daemon = 1;

/** Runs sendmail as a user, or as root. */
const sendmail = (uid: number, argv: string, input = "") =>
  machine.run(
    `export MAIL_QUEUE_SPOOL=${spool}; exec setpriv --reuid=${uid} --regid=${uid} --clear-groups env HOME=/nonexistent sendmail ${argv}`,
    input,
  );
const asRoot = (argv: string) => machine.run(`export MAIL_QUEUE_SPOOL=${spool}; sendmail ${argv}`);

const queuedIn = (name: string) =>
  readdirSync(join(spool, name, "queue")).filter((each) => each.endsWith(".message")).length;

const subjects = () => server.messages.map((message) => /^Subject: (.*)$/m.exec(message)?.[1]).sort();

async function serve(): Promise<void> {
  server = await scriptedServer({}, port);
}

test("each user without a home directory has a private queue and sees only the messages in it; root sends the messages in all queues", async () => {
  expect(await sendmail(games, "ann@x.org", "Subject: of games\n\n")).toMatchObject({ status: 0 });
  expect(await sendmail(daemon, "ann@x.org", "Subject: of daemon\n\n")).toMatchObject({ status: 0 });
  expect(readdirSync(spool).sort()).toEqual([String(daemon), String(games)]);
  for (const uid of [games, daemon]) {
    const { uid: owner, mode } = lstatSync(join(spool, String(uid)));
    expect([owner, mode & 0o777]).toEqual([uid, 0o700]);
    expect((await sendmail(uid, "-bp")).said.match(/^Q/gm)).toHaveLength(1);
  }
  expect((await asRoot("-bp")).said.match(/^Q/gm)).toHaveLength(2);
  expect(await asRoot("-q")).toMatchObject({ status: 75 });
  await serve();
  expect(await asRoot("-q")).toMatchObject({ status: 0 });
  expect(subjects()).toEqual(["of daemon", "of games"]);
  expect(server.commands.filter((command) => command.startsWith("MAIL")).sort()).toEqual([
    "MAIL FROM:<daemon@dominio.test>",
    "MAIL FROM:<games@dominio.test>",
  ]);
  expect([queuedIn(String(games)), queuedIn(String(daemon))]).toEqual([0, 0]);
});

test.each<[string, (path: string) => void]>([
  [
    "a directory of another user",
    (path) => {
      mkdirSync(path, { mode: 0o777 });
      chownSync(path, daemon, daemon);
    },
  ],
  ["a symbolic link", (path) => symlinkSync(join(directory, "elsewhere"), path)],
  ["a file", (path) => writeFileSync(path, "")],
  [
    "the user's own directory, which others can read",
    (path) => {
      mkdirSync(path);
      chownSync(path, games, games);
      chmodSync(path, 0o755);
    },
  ],
])("%s in place of a user's directory is not changed, and the message is queued elsewhere", async (_what, plant) => {
  const elsewhere = join(directory, "elsewhere");
  mkdirSync(elsewhere);
  chmodSync(elsewhere, 0o777);
  plant(join(spool, String(games)));
  expect(await sendmail(games, "ann@x.org", "Subject: s\n\n")).toMatchObject({ status: 0 });
  expect(readdirSync(elsewhere)).toEqual([]);
  const own = readdirSync(spool).find((name) => name.startsWith(`${games}-`)) as string;
  expect(lstatSync(join(spool, own)).mode & 0o777).toBe(0o700);
  expect(queuedIn(own)).toBe(1);
  await serve();
  expect(await asRoot("-q")).toMatchObject({ status: 0 });
  expect(subjects()).toEqual(["s"]);
});

test("root's queue is not changed if another user creates a link to it in the spool", async () => {
  const theirs = join(directory, "theirs");
  mkdirSync(join(theirs, "queue"), { recursive: true, mode: 0o700 });
  writeFileSync(join(theirs, "queue", "Q1.message"), "Subject: s\n\n", { mode: 0o600 });
  symlinkSync(theirs, join(spool, "5-link"));
  await serve();
  expect(await asRoot("-q")).toMatchObject({ status: 0 });
  expect(readdirSync(join(theirs, "queue"))).toEqual(["Q1.message"]);
});

test("root processes a queue with no more rights than the queue's owner: the process has no other groups and cannot become root", async () => {
  await sendmail(games, "ann@x.org", "Subject: s\n\n");
  const [name = ""] = readdirSync(spool);
  await serve();
  const trace = join(directory, "trace");
  await machine.run(
    `export MAIL_QUEUE_SPOOL=${spool}; strace -f -s 0 -e trace=setgroups,setgid,setuid,setresuid,setresgid,connect,execve -o ${trace} sendmail -q`,
  );
  const calls = readFileSync(trace, "utf8").split("\n");
  const child = calls.find((line) => /setuid\(5\)/.test(line))?.split(/\s+/)[0] as string;
  const ofChild = calls.filter((line) => line.startsWith(`${child} `)).map((line) => line.replace(/^\d+\s+/, ""));
  const order = ["setgroups(0", "setgid(60)", "setuid(5)", "execve("].map((call) =>
    ofChild.findIndex((line) => line.startsWith(call)),
  );
  expect(order.every((at) => at >= 0)).toBe(true);
  expect([...order].sort((a, b) => a - b)).toEqual(order);
  expect(queuedIn(name)).toBe(0);
});

test("a spool that does not belong to root, or is not sticky, is not used", async () => {
  chmodSync(spool, 0o777);
  expect(await sendmail(games, "ann@x.org", "\n")).toMatchObject({ status: 75 });
  chmodSync(spool, 0o1777);
  chownSync(spool, daemon, daemon);
  expect(await sendmail(games, "ann@x.org", "\n")).toMatchObject({ status: 75 });
  expect(readdirSync(spool)).toEqual([]);
});

test("an abandoned message from a user without a home directory is saved as dead.letter in the user's queue directory", async () => {
  await sendmail(games, "ann@x.org", "Subject: s\n\n");
  server = await scriptedServer({ RCPT: "550 5.1.1 no" }, port);
  expect(await asRoot("-q")).toMatchObject({ status: 67 });
  const letter = join(spool, String(games), "dead.letter");
  expect(readFileSync(letter, "utf8")).toContain("X-Not-Delivered: ann@x.org: 550 5.1.1 no\n");
  expect(statSync(letter).uid).toBe(games);
  expect(existsSync(join("/nonexistent", "dead.letter"))).toBe(false);
});
