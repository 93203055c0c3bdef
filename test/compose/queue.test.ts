/**
 * Tests that `mail` itself queues and retries messages that a server temporarily refuses, and finally abandons them.
 */
import { spawn } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { testAsRoot } from "../conditions.ts";
import { runMail } from "../run-mail.ts";
import { closeServers, type Script, type ScriptedServer, scriptedServer, silence } from "../submit/scripted-server.ts";

let home: string;
let server: ScriptedServer;
/** The port that all servers in a test use. */
let port: number;
beforeEach(() => {
  port = 0;
  home = mkdtempSync(join(tmpdir(), "mail-queue-"));
});
afterEach(async () => {
  await closeServers();
  rmSync(home, { recursive: true, force: true });
});

const environment = () => ({
  HOME: home,
  PATH: process.env["PATH"] ?? "",
  USER: "ana",
  XDG_STATE_HOME: join(home, "state"),
});

const mail = (argv: readonly string[], body = "") => runMail(["-n", ...argv], environment(), body);

/**
 * Starts a server. The settings are in a start-up file: a later command must also find them, because it retries a
 * queued message with the original transport.
 */
async function serve(script: Script): Promise<void> {
  await closeServers();
  server = await scriptedServer(script, port);
  ({ port } = server);
  const settings = `set queue smtptimeout=30 mta=smtp://127.0.0.1:${port}\n`;
  writeFileSync(join(home, ".mailrc"), settings, { mode: 0o600 });
}

const queue = () => join(home, "state/mail/queue");
const kept = (kind: string) => readdirSync(queue()).filter((name) => name.endsWith(kind));
const entry = () => join(queue(), kept(".json")[0] as string);
const deadLetter = () => (existsSync(join(home, "dead.letter")) ? readFileSync(join(home, "dead.letter"), "utf8") : "");

test("a temporarily refused message is queued privately, reported, listed, and sent by --flush", async () => {
  await serve({ dot: "451 4.3.0 later" });
  const sent = await mail(["-s", "s", "one@x.org"], "the body\n");
  expect(sent).toMatchObject({
    exit: 0,
    err: expect.stringMatching(/^mail: one@x.org: 451 4.3.0 later\nmail: queued as Q/),
  });
  expect(deadLetter()).toBe("");
  for (const name of readdirSync(queue())) expect(statSync(join(queue(), name)).mode & 0o077).toBe(0);
  const listed = await mail(["--queue"]);
  expect(listed).toMatchObject({
    exit: 0,
    out: expect.stringMatching(/^Q\w+ .* 1 attempt, .*\n {4}one@x.org: 451 4.3.0 later\n$/),
  });
  expect(await mail(["--flush"])).toMatchObject({ exit: 75, err: expect.stringContaining("still in the queue") });

  await serve({});
  expect(await mail(["--flush"])).toMatchObject({
    exit: 0,
    out: expect.stringMatching(/^Q\w+: sent to one@x.org, queued there as TEST42\n$/),
  });
  expect(server.messages).toEqual([expect.stringContaining("\n\nthe body\n")]);
  expect(readdirSync(queue())).toEqual([]);
  expect((await mail(["--queue"])).out).toBe("The queue is empty\n");
});

test("a message is queued for all recipients if no server can be reached, and otherwise only for those that are temporarily refused", async () => {
  await serve({});
  await server.close();
  expect(await mail(["-s", "s", "one@x.org"], "b\n")).toMatchObject({
    exit: 0,
    err: expect.stringContaining("Connection refused"),
  });
  await serve({
    RCPT: (line) => (line.includes("two") ? "450 4.2.0 busy" : line.includes("bad") ? "550 5.1.1 who" : "250 ok"),
  });
  const some = await mail(["-s", "s", "one@x.org", "two@x.org", "bad@x.org"], "b\n");
  expect(some).toMatchObject({ exit: 67, err: expect.stringContaining("mail: bad@x.org: 550 5.1.1 who\n") });
  const { out } = await mail(["--queue"]);
  expect(out).toMatch(/\n {4}one@x.org: .*Connection refused\nQ.*\n {4}two@x.org: 450 4.2.0 busy\n$/);
});

test("the next message to the same server also sends queued messages that are due", async () => {
  await serve({ dot: "451 4.3.0 later" });
  await mail(["-s", "first", "one@x.org"], "b\n");
  await serve({});
  await mail(["-s", "second", "one@x.org"], "b\n");
  expect(server.messages).toHaveLength(1);
  writeFileSync(entry(), readFileSync(entry(), "utf8").replace(/("next": ")\d{4}/, "$12000"));
  await mail(["-s", "third", "one@x.org"], "b\n");
  expect(server.messages.map((each) => /^Subject: (.*)$/m.exec(each)?.[1])).toEqual(["second", "third", "first"]);
  expect(readdirSync(queue())).toEqual([]);
});

test("if a message is sent, the exit code is 0 even if the queue cannot be read", async () => {
  await serve({});
  mkdirSync(join(home, "state/mail"), { recursive: true });
  writeFileSync(queue(), "no directory");
  expect(await mail(["-s", "s", "one@x.org"], "b\n")).toEqual({
    exit: 0,
    out: "",
    err: `mail: ${queue()}: Not a directory\n`,
  });
  expect(server.messages).toHaveLength(1);
});

test("--flush with --dry-run is refused, and the message stays in the queue", async () => {
  await serve({ dot: "451 4.3.0 later" });
  await mail(["-s", "s", "one@x.org"], "the body\n");
  await serve({});
  expect(await mail(["--flush", "--dry-run"])).toEqual({
    exit: 64,
    out: "",
    err: "mail: --flush: dryrun is set; nothing was sent; use --queue to list the queue\n",
  });
  expect(kept(".json")).toHaveLength(1);
});

test("concurrent flushes send each message once", async () => {
  await serve({ dot: "451 4.3.0 later" });
  for (const subject of ["1", "2", "3"]) await mail(["-s", subject, "one@x.org"], "b\n");
  await serve({});
  await Promise.all([1, 2, 3, 4].map(() => mail(["--flush"])));
  expect(server.messages.map((each) => /^Subject: (.*)$/m.exec(each)?.[1]).sort()).toEqual(["1", "2", "3"]);
  expect(readdirSync(queue())).toEqual([]);
});

test.each([
  ["refused permanently", { dot: "554 5.7.1 never" }, "new", "554 5.7.1 never", 69],
  ["too old", { dot: "451 4.3.0 later" }, "old", "451 4.3.0 later", 75],
] as const)(
  "a queued message that is %s is moved to dead.letter with the reason",
  async (_what, script, age, reason, exit) => {
    await serve({ dot: "451 4.3.0 later" });
    await mail(["-s", "s", "one@x.org"], "the body\n");
    if (age === "old") writeFileSync(entry(), readFileSync(entry(), "utf8").replace(/("created": ")\d{4}/, "$12000"));
    await serve(script);
    expect(await mail(["--flush"])).toMatchObject({ exit, err: expect.stringContaining("dead.letter") });
    expect(deadLetter()).toMatch(new RegExp(`^X-Not-Delivered: one@x.org: ${reason}\n(.+\n)+\nthe body\n$`));
    expect(readdirSync(queue())).toEqual([]);
  },
);

test("if mail was killed while queuing a message, a later flush moves the text to dead.letter and empties the queue", async () => {
  await serve({ dot: "451 4.3.0 later" });
  await mail(["-s", "s", "one@x.org"], "the body\n");
  const whole = join(queue(), kept(".message")[0] as string);
  const partial = whole.replace(/message$/, "partial");
  renameSync(whole, partial);
  expect((await mail(["--queue"])).out).toBe("The queue is empty\n");
  expect(await mail(["--flush"])).toEqual({ exit: 0, out: "", err: "" }); // Another process may still be writing the message.
  const hoursAgo = Date.now() / 1000 - 2 * 60 * 60;
  for (const name of readdirSync(queue())) utimesSync(join(queue(), name), hoursAgo, hoursAgo);
  mkdirSync(join(home, "dead.letter"));
  expect(await mail(["--flush"])).toMatchObject({
    err: expect.stringMatching(/Is a directory; it stays in the queue\n$/),
  });
  rmSync(join(home, "dead.letter"), { recursive: true });
  expect(await mail(["--flush"])).toMatchObject({ exit: 0, err: expect.stringMatching(/killed; .*dead\.letter\n$/) });
  expect(deadLetter()).toMatch(/\n\nthe body\n$/);
  expect(readdirSync(queue())).toEqual([]);
});

test.each([
  ["truncated", (text: string) => text.slice(0, 40)],
  ["invalid", () => "{}"],
  ["missing", () => undefined],
])(
  "an entry whose envelope is %s is listed as damaged and moved to dead.letter, and does not delay other entries",
  async (_what, damage) => {
    await serve({ dot: "451 4.3.0 later" });
    await mail(["-s", "s", "one@x.org"], "the body\n");
    const path = entry();
    const text = damage(readFileSync(path, "utf8"));
    if (text === undefined) rmSync(path);
    else writeFileSync(path, text);
    await mail(["-s", "good", "two@x.org"], "b\n");
    expect((await mail(["--queue"])).out).toMatch(
      /^Q\w+ {2}damaged: .*\.json: .*\n {4}mail --flush .*\nQ\w+ .*1 attempt/,
    );
    await serve({});
    expect(await mail(["--flush"])).toMatchObject({
      exit: 65,
      out: expect.stringContaining("sent to two@x.org"),
      err: expect.stringMatching(
        /^mail: Q\w+: damaged \(.*\); the available part of the message is in .*dead\.letter\n$/,
      ),
    });
    expect(deadLetter()).toContain("the body\n");
    expect(readdirSync(queue())).toEqual([]);
  },
);

test("if a flush was killed, the next flush sends the message, unless the server may have accepted it", async () => {
  for (const [phase, reached] of [
    ["DATA", false],
    ["dot", true],
  ] as const) {
    await serve({ dot: "451 4.3.0 later" });
    await mail(["-s", "s", "one@x.org"], "the body\n");
    const silent = silence();
    await serve({ [phase]: silent.answer });
    const child = spawn(process.execPath, ["bin/mail.js", "-n", "--flush"], { env: environment(), stdio: "ignore" });
    const gone = new Promise((resolve) => child.on("close", resolve));
    await silent.begun;
    child.kill("SIGKILL");
    await gone;
    await serve({});
    const next = await mail(["--flush"]);
    expect(next.exit).toBe(reached ? 69 : 0);
    expect(server.messages).toHaveLength(reached ? 0 : 1);
    expect(deadLetter()).toMatch(
      reached ? /^X-Not-Delivered: one@x\.org: a flush was killed .*\n(.+\n)+\nthe body\n$/ : /^$/,
    );
    expect(readdirSync(queue())).toEqual([]);
  }
});

test("if the server accepts no connections, a flush attempts only the first queued message", async () => {
  await serve({ dot: "451 4.3.0 later" });
  for (const subject of ["1", "2", "3"]) await mail(["-s", subject, "one@x.org"], "b\n");
  let greeted = 0;
  await serve({
    greeting: () => {
      greeted++;
      return "421 4.3.2 closed";
    },
  });
  const { exit, err } = await mail(["--flush"]);
  expect({ exit, greeted }).toEqual({ exit: 75, greeted: 1 });
  expect(err).toMatch(
    /421 4\.3\.2 closed; still in the queue\nmail: 2 more in the queue for smtp:.*, not attempted this time\n$/,
  );
});

test("a message that exceeds the time limit does not delay later messages in the queue", async () => {
  await serve({ dot: "451 4.3.0 later" });
  for (const name of ["slow", "two", "three"]) await mail(["-s", name, `${name}@x.org`], "b\n");
  await serve({ RCPT: (line) => (line.includes("slow@") ? "silent" : "250 ok") });
  const { exit, err } = await mail(["-S", "smtptotaltimeout=1", "--flush"]);
  expect({ exit, sent: server.messages.length, waiting: kept(".json").length }).toEqual({
    exit: 75,
    sent: 2,
    waiting: 1,
  });
  expect(err).toMatch(
    /^mail: \w+: slow@x\.org: .* not submitted within 1 s \(smtptotaltimeout\); still in the queue\n$/,
  );
});

test("a message with an unknown outcome is not queued, because it could be delivered twice", async () => {
  await serve({ dot: "close" });
  expect(await mail(["-s", "s", "one@x.org"], "the body\n")).toMatchObject({
    exit: 75,
    err: expect.stringContaining("outcome is unknown"),
  });
  expect(existsSync(queue())).toBe(false);
  expect(deadLetter()).toContain("the body\n");
});

test("if the queue variable is not set, the message is saved in dead.letter and the exit code is 75", async () => {
  await serve({ dot: "451 4.3.0 later" });
  expect(await mail(["-S", "noqueue", "-s", "s", "one@x.org"], "the body\n")).toMatchObject({ exit: 75 });
  expect(deadLetter()).toContain("the body\n");
});

test("an entry that other users could have written is reported and stays in the queue, and the program that the entry names is not run", async () => {
  await serve({ dot: "451 4.3.0 later" });
  await mail(["-s", "s", "one@x.org"], "the body\n");
  const path = entry();
  const program = join(home, "program");
  writeFileSync(program, "#!/bin/sh\n: >ran\n", { mode: 0o755 });
  writeFileSync(path, readFileSync(path, "utf8").replace(/"way": ".*?"/, `"way": ${JSON.stringify(program)}`));
  chmodSync(path, 0o622);
  expect(await mail(["--flush"])).toMatchObject({
    err: expect.stringContaining(`mail: ${path}: other users can write to it; not used\n`),
  });
  expect(existsSync(join(home, "ran"))).toBe(false);
  expect(kept(".json")).toHaveLength(1);
  expect(kept(".message")).toHaveLength(1);
});

test.each([
  ["its message", ["json", "unsure", "lock"]],
  ["its list of recipients", ["unsure", "lock"]],
  ["everything except its lock", ["lock"]],
])("if a flush was killed after it removed %s, the next flush removes the remaining files", async (_what, left) => {
  await serve({});
  mkdirSync(queue(), { recursive: true, mode: 0o700 });
  for (const kind of left) writeFileSync(join(queue(), `Q1.${kind}`), "", { mode: 0o600 });
  expect(await mail(["--flush"])).toEqual({ exit: 0, out: "", err: "" });
  expect(readdirSync(queue())).toEqual([]);
});

testAsRoot("root with another user's HOME (su -m) reads that user's queue neither to list nor to send it", async () => {
  await serve({ dot: "451 4.3.0 later" });
  await mail(["-s", "planted", "one@x.org"], "the body\n");
  const state = join(home, "state/mail");
  for (const path of [
    home,
    join(home, "state"),
    state,
    queue(),
    ...readdirSync(queue()).map((name) => join(queue(), name)),
  ])
    chownSync(path, 65534, 65534);
  const { exit, out, err } = await mail(["--queue"]);
  expect([exit, err]).toEqual([0, `mail: ${state}: belongs to another user; not used\n`]);
  expect(out).not.toContain("one@x.org");
});
