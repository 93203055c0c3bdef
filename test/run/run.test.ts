/**
 * Tests `mail --run` as cron would call it, with the built program, a real command, and a program that accepts the
 * mail.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeEach, expect, test } from "@jest/globals";
import PostalMime from "postal-mime";
import { parseJob } from "../../src/run/job.ts";
import { type Ended, runMail } from "../run-mail.ts";

const place = mkdtempSync(join(tmpdir(), "mail-run-test-"));
afterAll(() => rmSync(place, { recursive: true, force: true }));

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(place, "home-"));
  writeFileSync(join(home, "take"), `#!/bin/sh\nexec cat >"${home}/sent.$$"\n`, { mode: 0o755 });
  writeFileSync(join(home, "refuse"), "#!/bin/sh\ncat >/dev/null\nexit 75\n", { mode: 0o755 });
});

function mail(words: readonly string[], { way = "take", TMPDIR = tmpdir() } = {}): Promise<Ended> {
  const environment = { PATH: process.env["PATH"], HOME: home, USER: "root", TMPDIR };
  return runMail(["-n", "-S", `mta=${home}/${way}`, ...words], environment);
}

function sent(): string[] {
  const names = readdirSync(home).filter((name) => name.startsWith("sent."));
  return names.map((name) => readFileSync(join(home, name), "latin1"));
}

test.each([
  // case                               condition   command                     messages
  ["failed sends no message after a success", "failed", "true", 0],
  ["failed sends a message after a failure", "failed", "false", 1],
  ["output sends no message without output", "output", "exit 1", 0],
  ["output sends a message with output", "output", "echo a", 1],
  ["always sends a message", "always", "true", 1],
])("--if: %s", async (_shows, condition, command, messages) => {
  await mail(["--run", command, "--if", condition, "root"]);
  expect(sent()).toHaveLength(messages);
});

test("the exit code is the command's, and the message contains the command, its status, and its output in the original order", async () => {
  const { exit } = await mail(["-s", "Backup", "--run", "echo out; echo err >&2; echo last; exit 3", "--", "root"]);
  expect(exit).toBe(3);
  const [message = ""] = sent();
  expect(message).toMatch(/^To: root\nSubject: Backup\nAuto-Submitted: auto-generated\n/);
  expect(message).toMatch(/\n\nCommand: {2}echo out; echo err >&2; echo last; exit 3\nHost: {5}\S+\nStarted: /);
  expect(message).toMatch(/\nStatus: {3}exit 3\nOutput: {3}13 bytes\n\nout\nerr\nlast\n$/);
});

test("several words are treated as a program and its arguments; the program is run without a shell", async () => {
  await mail(["root", "--run", "printf", "%s\\n", "$HOME; a  b"]);
  expect(sent()[0]).toContain("\n\n$HOME; a  b\n");
});

test("after --run --, all arguments belong to the command, even if they look like options", async () => {
  const { exit } = await mail([
    "root",
    "-s",
    "Backup",
    "--run",
    "--",
    "sh",
    "-c",
    'echo "$@"; exit 3',
    "sh",
    "-s",
    "-n",
    "x",
  ]);
  expect(exit).toBe(3);
  expect(sent()).toEqual([expect.stringMatching(/^To: root\nSubject: Backup\n[\s\S]*\n\n-s -n x\n$/)]);
});

test("a field given with -a or -C is added exactly once", async () => {
  await mail(["root", "-a", "X-Job: 1", "-C", "Auto-Submitted: no", "--run", "true"]);
  const [header = ""] = sent()[0]?.split("\n\n") ?? [];
  expect(header.match(/^(?:X-Job|Auto-Submitted): .*$/gm)).toEqual(["X-Job: 1", "Auto-Submitted: no"]);
});

test("the command's exit code is kept if the message cannot be sent", async () => {
  writeFileSync(join(home, "break"), `#!/bin/sh\ncat >/dev/null\nrm -r ${home}/.local && : >${home}/.local\n`, {
    mode: 0o755,
  });
  const { exit, err } = await mail(["root", "--throttle", "1h", "--run", "exit 3"], { way: "break" });
  expect(exit).toBe(3);
  expect(err).toMatch(/^mail: .*\.local/);
});

test.each([
  ["missing", "none", 127, "No such file or directory"],
  ["in a file instead of a directory", "take/command", 126, "Not a directory"],
])("a command that is %s cannot be run, and the reason is reported", async (_where, name, code, reason) => {
  const { exit } = await mail(["root", "--run", join(home, name), "now"]);
  expect(exit).toBe(code);
  expect(sent()[0]).toContain(`${join(home, name)}: ${reason}`);
});

test("if a signal kills the command, the exit code is 128 plus the signal's number", async () => {
  const { exit } = await mail(["root", "--run", "kill -9 $$"]);
  expect(exit).toBe(128 + 9);
  expect(sent()[0]).toContain("Status:   ended by SIGKILL\n");
});

test("a signal is passed to the command, and the command's output is sent", async () => {
  const { exit } = await mail(["root", "--run", "echo found; kill -QUIT $PPID; exec sleep 60"]);
  expect(exit).toBe(128 + 3);
  expect(sent()[0]).toMatch(/Status: {3}ended by SIGQUIT\n[\s\S]*\nfound\n/);
});

test("a message shows the beginning and end of a long output, and the complete output is attached", async () => {
  await mail(["root", "--run", "seq 1 60000"]);
  const [message = ""] = sent();
  expect(message).toMatch(/\n1\n2\n3\n/);
  expect(message).toMatch(/\n\[\d+ bytes omitted; the complete output is attached as output\.txt\]\n/);
  const { attachments } = await PostalMime.parse(message);
  expect(attachments.map(({ filename }) => filename)).toEqual(["output.txt"]);
  const whole = Buffer.from(attachments[0]?.content as ArrayBuffer).toString("latin1");
  expect(whole.trim().split("\n")).toHaveLength(60_000);
});

test("with --throttle --digest, suppressed output appears exactly once in the next message", async () => {
  const job = (throttle: string) => ["root", "--throttle", throttle, "--digest", "--run", "echo hi; exit 1"];
  for (let run = 0; run < 3; run++) expect((await mail(job("1h"))).exit).toBe(1);
  expect(sent()).toHaveLength(1);
  await sleep(1000);
  await mail(job("1s"));
  const digest = sent().filter((message) => message.includes("Runs since the last message: 2\n"));
  expect(sent()).toHaveLength(2);
  expect(digest).toHaveLength(1);
  expect(digest[0]?.match(/^hi$/gm)).toHaveLength(3);
});

test("with --throttle, overlapping runs send one message", async () => {
  const job = ["root", "--throttle", "1h", "--run", "exit 1"];
  await Promise.all(Array.from({ length: 4 }, () => mail(job)));
  expect(sent()).toHaveLength(1);
});

test("with --if changed, a message is sent only if the output has changed", async () => {
  const file = join(home, "watched");
  writeFileSync(file, "one\n");
  const job = ["root", "--if", "changed", "--run", `cat ${file}`];
  await mail(job);
  await mail(job);
  expect(sent()).toHaveLength(1);
  writeFileSync(file, "two\n");
  await mail(job);
  expect(sent()).toHaveLength(2);
});

test("if the message is refused, the exit code is non-zero even after a successful command, and the throttle period does not begin", async () => {
  const job = ["root", "--throttle", "1h", "--run", "echo done"];
  expect((await mail(job, { way: "refuse" })).exit).toBe(75);
  expect(readFileSync(join(home, "dead.letter"), "latin1")).toContain("\ndone\n");
  expect((await mail(job)).exit).toBe(0);
  expect(sent()).toHaveLength(1);
});

test.each([
  ["--if", "never", '--if: "never" is invalid; use failed, output, always or changed; nothing was run'],
  ["-A", "report", "-A cannot be used with --run; nothing was run"],
  ["-q", "report", "-q cannot be used with --run; nothing was run"],
  ["--throttle", "soon", '--throttle: "soon" is invalid; use a number followed by s, m, h, d or w; nothing was run'],
])("%s %s is refused before the command runs", async (option, value, said) => {
  const { exit, err } = await mail(["root", option, value, "--run", `touch ${home}/ran`]);
  expect(exit).toBe(64);
  expect(err).toBe(`mail: ${said}\n`);
  expect(readdirSync(home)).not.toContain("ran");
});

test("if the output cannot be stored, the command is not run", async () => {
  const { exit, err } = await mail(["root", "--run", `touch ${home}/ran`], { TMPDIR: "/none" });
  expect([exit, err]).toEqual([73, "mail: /none: No such file or directory; nothing was run\n"]);
  expect(readdirSync(home)).not.toContain("ran");
});

test.each([
  ["--run", ""],
  ["--run", " "],
  ["--run", "--", ""],
])("an empty command is refused: %s %s", async (...words) => {
  const { exit, err } = await mail(["root", ...words]);
  expect([exit, err, sent()]).toEqual([64, "mail: --run: the command is empty; nothing was run\n", []]);
});

test("--run -- without a command is refused", async () => {
  const { exit, err } = await mail(["root", "--run", "--"]);
  expect([exit, err.split("\n")[0]]).toEqual([1, "mail: option '--run <command...>' argument missing"]);
});

test.each([
  ["90", 90],
  ["90s", 90],
  ["30m", 1800],
  ["1h", 3600],
  ["2d", 172_800],
])("--throttle accepts the time %s", (text, seconds) => {
  expect(parseJob({ run: ["true"], if: undefined, throttle: text, digest: false }).throttle).toBe(seconds);
});
