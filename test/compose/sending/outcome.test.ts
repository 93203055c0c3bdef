/** Tests the outcome of a message: exit codes, reports and dead.letter. */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { Exit } from "../../../src/errors.ts";
import { sendMail } from "../support/send.ts";

const refusing = (address: string, reply: string) => ({
  RCPT: (line: string) => (line.includes(address) ? reply : "250 2.1.5 ok"),
});

test("if one of three recipients is refused, all outcomes are reported and the message is saved in dead.letter", async () => {
  const sent = await sendMail({
    argv: ["-s", "s", "a@x.org", "b@x.org", "c@x.org"],
    stdin: "text\n",
    server: refusing("b@x.org", "550 5.1.1 <b@x.org>: no such user"),
  });
  expect(sent.exit).toBe(67);
  expect(sent.stderr).toMatch(
    /^mail: b@x\.org: 550 5\.1\.1 <b@x\.org>: no such user\nmail: accepted for a@x\.org, c@x\.org\nmail: the message is in \S+dead\.letter\n$/,
  );
  expect(sent.body).toBe("text\n");
  expect(sent.dead).toMatch(/^To: a@x\.org, b@x\.org, c@x\.org\nSubject: s\n[\s\S]*\n\ntext\n$/);
});

test.each([
  ["a temporarily refused recipient", refusing("a@", "450 4.2.0 later"), 75, "450 4.2.0 later"],
  ["an unknown host", refusing("a@", "550 5.1.2 no such host"), 68, "5.1.2"],
  ["a message refused after the dot", { dot: "552 5.3.4 too big" }, 69, "5.3.4 too big"],
  ["a server that hangs up", { greeting: "close" }, 75, ""],
])("%s results in the right exit code", async (_what, server, exit, words) => {
  const sent = await sendMail({ argv: ["a@x.org"], stdin: "text\n", server });
  expect([sent.exit, sent.stderr.includes(words)]).toEqual([exit, true]);
  expect(sent.dead).toMatch(/\n\ntext\n$/);
});

test("an unwritable file among the recipients is refused; the message is sent to the other recipients and saved in dead.letter", async () => {
  const argv = ["-S", "expandaddr", "-s", "s", "/proc/none/file", "./copies", "a@x.org"];
  const sent = await sendMail({ argv, stdin: "text\n" });
  expect([sent.exit, sent.recipients]).toEqual([1, ["a@x.org"]]);
  expect(sent.stderr).toMatch(
    /^mail: \/proc\/none\/file: No such file or directory\nmail: accepted for a@x\.org\nmail: the message is in /,
  );
  expect(sent.dead).toMatch(/^To: .*\/proc\/none\/file, a@x\.org\n[\s\S]*\n\ntext\n$/);
});

test.each(["mta", "sendmail"])(
  "an unwritable file as the only recipient results in a non-zero exit code (%s)",
  async (name) => {
    const argv = ["-S", "expandaddr", "-S", `${name}=/bin/false`, "/proc/none/file"];
    const sent = await sendMail({ argv, stdin: "text\n" });
    expect([sent.exit, sent.dead.endsWith("\n\ntext\n")]).toEqual([1, true]);
  },
);

test("the text is kept after an invalid setting", async () => {
  const sent = await sendMail({ argv: ["-S", "mta=gopher://x", "a@x.org"], stdin: "text\n" });
  expect([sent.exit, sent.dead]).toEqual([78, expect.stringMatching(/^To: a@x\.org\n[\s\S]+\n\ntext\n$/)]);
});

test("if dead.letter cannot be written, the text is printed on standard error", async () => {
  const sent = await sendMail({
    argv: ["a@x.org"],
    stdin: "the text\n",
    rc: "set DEAD=/proc/none\n",
    server: { dot: "451 4.3.0 later" },
  });
  expect(sent.exit).toBe(75);
  expect(sent.stderr).toMatch(/mail: \/proc\/none: .*\nTo: a@x\.org\n[\s\S]*\n\nthe text\n$/);
});

test("an alias that refers to itself is refused, and the error names the alias; the message is sent to the other recipients and saved in dead.letter", async () => {
  const rc = "alias ops night day\nalias night ops\nalias day d@x.org\nalias deep ops\n";
  const sent = await sendMail({ argv: ["-s", "s", "deep", "a@x.org"], stdin: "text\n", rc });
  expect([sent.exit, sent.recipients, sent.stdout]).toEqual([65, ["a@x.org", "d@x.org"], ""]);
  expect(sent.stderr).toMatch(
    /^mail: ops: the alias refers to itself: ops -> night -> ops\nmail: accepted for a@x\.org, d@x\.org\nmail: the message is in \S+dead\.letter\n$/,
  );
  expect(sent.fields("To")).toEqual(["a@x.org, d@x.org"]);
  expect(sent.dead).toMatch(/^To: a@x\.org, d@x\.org, ops\nSubject: s\n[\s\S]*\n\ntext\n$/);
});

test("a message whose only alias refers to itself is not sent", async () => {
  const sent = await sendMail({ argv: ["a"], stdin: "text\n", rc: "alias a b\nalias b a\n" });
  expect([sent.exit, sent.message, sent.dead.startsWith("To: a\n")]).toEqual([65, undefined, true]);
  expect(sent.stderr).toMatch(/^mail: a: the alias refers to itself: a -> b -> a\n/);
});

test("aliases that all refer to each other are expanded quickly", async () => {
  const names = Array.from({ length: 14 }, (_each, at) => `n${at}`);
  const rc = names
    .map((name) => `alias ${name} ${names.filter((each) => each !== name).join(" ")} ${name}@x.org\n`)
    .join("");
  const sent = await sendMail({ argv: ["n0"], stdin: "text\n", rc });
  expect([sent.exit, sent.recipients]).toEqual([65, names.map((name) => `${name}@x.org`).sort()]);
});

test("dead.letter is written even if the state directory is not writable", async () => {
  const env = { XDG_STATE_HOME: `/tmp/${"x".repeat(300)}` };
  const sent = await sendMail({ argv: ["a@x.org"], stdin: "text\n", env, server: { dot: "451 4.3.0 later" } });
  expect([sent.exit, sent.dead.endsWith("\n\ntext\n")]).toEqual([75, true]);
  expect(sent.stderr).toMatch(/mail: the message is in \S+dead\.letter\n$/);
});

const megabytes = "a line of some sixty characters, of which there are very many\n".repeat(150_000);

test.each([
  // case, body, received body
  ["a dot", ".\n", ".\n"],
  ["dots", "..a\n.\nb\n", "..a\n.\nb\n"],
  ["lines that look like tilde escapes", "~q\n~!false\n", "~q\n~!false\n"],
  ["a line that starts with From", "From a\n", "From a\n"],
  ["no trailing newline", "a", "a\n"],
  ["CRLF line endings", "a\r\nb\r\n", "a\nb\n"],
  ["several megabytes", megabytes, megabytes],
])("a body with %s arrives", async (_shows, stdin, body) => {
  const sent = await sendMail({ argv: ["a@x.org"], stdin });
  expect([sent.exit, sent.stderr]).toEqual([0, ""]);
  expect(sent.body === body).toBe(true);
});

test.each([
  ["a NUL byte", Buffer.from("a\0b\n")],
  ["mixed line endings", Buffer.from("a\r\nb\n")],
  ["a lone CR and no trailing newline", Buffer.from("a\rb")],
])("a body with %s keeps its bytes", async (_shows, stdin) => {
  const sent = await sendMail({ argv: ["a@x.org"], stdin });
  expect(sent.fields("Content-Transfer-Encoding")).toEqual(["base64"]);
  expect(Buffer.from(sent.body, "base64")).toEqual(stdin);
});

test("with -E, a message with an empty body is not sent; -E 'set x' runs a command", async () => {
  expect((await sendMail({ argv: ["-E", "a@x.org"] })).message).toBeUndefined();
  expect((await sendMail({ argv: ["-E", "set record=copy", "a@x.org"], stdin: "x\n" })).recipients).toEqual([
    "a@x.org",
  ]);
});

test.each(["(nobody)", "@x.org", "a@", "a@x.org@", "a@x\u00a0.org"])(
  "if %j is among the recipients, the message is not sent at all, but is saved in dead.letter",
  async (wrong) => {
    const sent = await sendMail({ argv: ["-s", "s", "b@x.org", wrong], stdin: "text\n" });
    expect([sent.exit, sent.recipients, sent.message]).toEqual([65, [], undefined]);
    expect(sent.stderr).toContain(`"${wrong}": `);
    expect(sent.dead).toMatch(/^To: [\s\S]*\nSubject: s\n[\s\S]*\n\ntext\n$/);
  },
);

test.each(["SIGTERM", "SIGINT"] as const)(
  "the text is kept if %s arrives while mail waits for the server's reply",
  async (signal) => {
    const server = { dot: "silent" };
    const sent = await sendMail({ argv: ["a@x.org"], stdin: "one\n", server, killWhen: "has sent", signal });
    expect(sent.exit).toBeNull();
    expect(sent.stderr).toMatch(
      /^mail: \S+ port \d+: interrupted; the outcome is unknown: the message may have been accepted\nmail: the message is in \S+dead\.letter\n$/,
    );
    expect(sent.dead).toMatch(/^To: a@x\.org\n[\s\S]*\n\none\n$/);
  },
);

test.each(["SIGTERM", "SIGINT", "SIGQUIT"] as const)(
  "if %s arrives while mail is reading text from a pipe, the text is kept",
  async (signal) => {
    const stdin = "one\n".repeat(250_000);
    const sent = await sendMail({ argv: ["a@x.org"], stdin, openInput: true, killWhen: "reads", signal });
    expect([sent.exit, sent.stderr]).toEqual([null, expect.stringMatching(/^mail: the message is in \S+\n$/)]);
    expect(sent.dead.length).toBeGreaterThan(stdin.length / 2);
    expect(stdin.startsWith(sent.dead.trimEnd())).toBe(true);
  },
);

test.each(["SIGTERM", "SIGINT"] as const)(
  "if %s arrives while mail reads piped text with -~, the text is kept, including its incomplete last line",
  async (signal) => {
    const stdin = `${"one\n".repeat(100_000)}half a li`;
    const argv = ["-~", "-s", "plan", "a@x.org"];
    const sent = await sendMail({ argv, stdin, openInput: true, killWhen: "reads", signal });
    expect([sent.exit, sent.dead === `${stdin}\n`]).toEqual([null, true]);
  },
);

test("the piped text is kept if SIGTERM arrives while mail waits for the pipe that -q names", async () => {
  const directory = mkdtempSync(join(tmpdir(), "mail-outcome-"));
  const pipe = join(directory, "pipe");
  execFileSync("/usr/bin/mkfifo", [pipe]);
  let writer: number | undefined;
  const isOpened = () => {
    writer ??= writerOf(pipe);
    return writer !== undefined;
  };
  const argv = ["-q", pipe, "a@x.org"];
  const sent = await sendMail({ argv, stdin: "one\n", openInput: true, killWhen: isOpened });
  closeSync(writer as number);
  rmSync(directory, { recursive: true });
  expect([sent.exit, sent.dead]).toEqual([null, "one\n"]);
});

/** Opens a pipe for writing. Returns undefined if no reader has opened the pipe yet. */
function writerOf(pipe: string): number | undefined {
  try {
    return openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
}

test.each(["SIGTERM", "SIGINT"] as const)(
  "the output of --run is kept if %s arrives during the submission",
  async (signal) => {
    const argv = ["--run", "echo found", "--", "a@x.org"];
    const sent = await sendMail({ argv, server: { dot: "silent" }, killWhen: "has sent", signal });
    expect(sent.exit).toBeNull();
    expect(sent.dead).toMatch(/^To: a@x\.org\n[\s\S]*\n\nfound\n$/);
  },
);

test("an unreadable standard input is an error, not an empty message", async () => {
  const sent = await sendMail({ argv: ["a@x.org"], input: "/" });
  expect([sent.exit, sent.message, sent.stderr]).toEqual([74, undefined, "mail: standard input: Is a directory\n"]);
});

test("the piped text is kept if an interrupt arrives while mail waits for the pipe that -A names", async () => {
  const directory = mkdtempSync(join(tmpdir(), "mail-outcome-"));
  const pipe = join(directory, "pipe");
  execFileSync("/usr/bin/mkfifo", [pipe]);
  const stdin = "one\n".repeat(250_000);
  const sent = await sendMail({ argv: ["-A", pipe, "a@x.org"], stdin, killWhen: "reads", signal: "SIGINT" });
  rmSync(directory, { recursive: true });
  expect([sent.exit, sent.recipients]).toEqual([null, []]);
  expect(sent.dead.length).toBeGreaterThan(stdin.length / 2);
});

test("the same program may write both the message text and the data of an attachment that is read from a pipe", async () => {
  const directory = mkdtempSync(join(tmpdir(), "mail-outcome-"));
  const [pipe, text] = ["pipe", "text"].map((name) => join(directory, name)) as [string, string];
  execFileSync("/usr/bin/mkfifo", [pipe, text]);
  const writing = once(spawn("sh", ["-c", 'seq 100000 | tee "$0" >"$1"', pipe, text]), "close");
  const sent = await sendMail({ argv: ["-A", pipe, "a@x.org"], input: text });
  await writing;
  rmSync(directory, { recursive: true });
  expect([sent.exit, sent.stderr]).toEqual([0, ""]);
  const numbers = `${Array.from({ length: 100_000 }, (_each, at) => at + 1).join("\n")}\n`;
  const parts = sent.body.split(/\n--.*\n/).map((part) => part.slice(part.indexOf("\n\n") + 2));
  expect(parts.some((part) => part === numbers)).toBe(true);
  expect(parts.some((part) => Buffer.from(part, "base64").toString() === numbers)).toBe(true);
});

test("the text is kept if an attachment was removed before sending", async () => {
  const stdin = "one\n".repeat(250_000);
  const gone = await sendMail({
    argv: ["-s", "s", "-A", "report", "a@x.org"],
    stdin,
    files: { report: "numbers\n" },
    meanwhile: (home) => rmSync(join(home, "report")),
  });
  expect([gone.exit, gone.message]).toEqual([66, undefined]);
  expect(gone.stderr).toMatch(/^mail: report: No such file or directory\n/);
  expect(gone.stderr).toContain("; the attachments were not kept\nmail: the message is in ");
  expect(gone.dead).toMatch(/^To: a@x\.org\nSubject: s\n[\s\S]*\n\none\none\n/);
  expect(gone.dead.length).toBeGreaterThan(stdin.length);
});

test("with -t, the text and its header are kept if the header names no recipient", async () => {
  const stdin = "Subject: plan\nX-Field: one\n\ntext\n";
  const sent = await sendMail({ argv: ["-t"], stdin });
  expect([sent.exit, sent.stdout, sent.dead]).toEqual([1, "No recipients specified\n", stdin]);
});

test.each([
  ["an invalid address", ["a@x.org@"], 65],
  ["an alias that refers to itself", ["loop"], 65],
  ["no header", ["-t"], 65],
  ["a missing attachment", ["-A", "none", "a@x.org"], 66],
  ["a valid message", ["a@x.org"], 0],
])("a dry run changes no file: %s", async (_what, argv, exit) => {
  const left: string[] = [];
  const rc = "set record=copies queue\nalias loop loop2\nalias loop2 loop\n";
  const sent = await sendMail({
    argv: ["--dry-run", ...argv],
    stdin: "text\n",
    rc,
    leaves: (names) => left.push(...names),
  });
  expect([sent.exit, sent.recipients, left]).toEqual([exit, [], [".mailrc"]]);
  expect(exit === 0 || sent.stderr !== "").toBe(true);
  expect(sent.stderr).not.toContain("dead.letter");
});

describe("exit codes after system failures", () => {
  const program = join(fileURLToPath(new URL(".", import.meta.url)), "../../../bin/mail.js");
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "mail-outcome-"));
  });
  afterEach(() => rmSync(home, { recursive: true }));

  function run(script: string, env: Record<string, string> = {}) {
    const environment = { PATH: process.env["PATH"], HOME: home, LOGNAME: "ann", LC_ALL: "C.UTF-8", ...env };
    const argv = ["-c", script, "sh", process.execPath, program];
    return spawnSync("/bin/sh", argv, { cwd: home, env: environment, input: "text\n", encoding: "utf8" });
  }

  test("the exit code is 70 after an internal error in mail, and the text is kept", () => {
    writeFileSync(join(home, "mistake.cjs"), 'Math.random = () => { throw new TypeError("planted"); };\n');
    const { status, stderr } = run('exec "$1" -r ./mistake.cjs "$2" -n -S mta=/bin/true a@x.org');
    expect([status, stderr]).toEqual([70, expect.stringContaining("mail: internal error: planted; ")]);
    expect(readFileSync(join(home, "dead.letter"), "utf8")).toMatch(/(?:^|\n)text\n$/);
  });

  /** Returns whether Node printed an uncaught error, that is, a stack trace and Node's version. */
  const isCrash = (stderr: string) => /\n {4}at /.test(stderr) && stderr.includes(`Node.js ${process.version}`);

  test("the exit code is 71 if no file descriptors are left for a program, and the text is kept or printed on standard error", () => {
    const exits = [18, 19, 20, 21, 22, 23, 24, 25, 26].flatMap((limit) => {
      const { status, stderr } = run(`ulimit -n ${limit}; exec "$1" "$2" -n -S mta=/bin/false a@x.org`);
      const kept = join(home, "dead.letter");
      const dead = existsSync(kept) ? readFileSync(kept, "utf8") : "";
      rmSync(kept, { force: true });
      // If the limit is too low, Node does not start, or it cannot load the program and prints a stack trace that does
      // not mention the program.
      if (status === null || status > 128 || (isCrash(stderr) && !/ at .*[/](?:bin|dist)[/]\w/.test(stderr))) return [];
      expect(stderr).not.toMatch(/\n {4}at /);
      const isKept = `${stderr}${dead}`.endsWith("\n\ntext\n");
      // Exit code 74 means that no input could be read, so there is no text to keep.
      expect([limit, status, status === Exit.IoErr || isKept]).toEqual([limit, status, true]);
      return [status];
    });
    expect(exits).toContain(71);
    expect(exits.filter((exit) => ![69, 71, 74].includes(exit))).toEqual([]);
  });

  test("the exit code is 73 if there is no directory for unpacking a mailbox", () => {
    const { status, stderr } = run('echo | gzip >box.gz; exec "$1" "$2" -n -f box.gz', { TMPDIR: "/none" });
    expect([status, stderr]).toEqual([
      73,
      "mail: /none: No such file or directory; set TMPDIR to a directory with enough space\n",
    ]);
  });
});
