/** Tests messages that are typed on a terminal: no typed text may be lost. */
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { openPty, type Pty } from "../../scripts/pty.mjs";
import { closeServers, type Script, type ScriptedServer, scriptedServer, silence } from "../submit/scripted-server.ts";
import { until } from "../until.ts";

const program = join(fileURLToPath(new URL(".", import.meta.url)), "../../bin/mail.js");
const drafts = ".local/state/mail/drafts";
let home: string;
let server: ScriptedServer;
let pty: Pty | undefined;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), "mail-typed-"));
  server = await scriptedServer();
  writeFileSync(join(home, ".mailrc"), `set mta=smtp://127.0.0.1:${server.port} sign="Ann\\\\nof ops"\n`, {
    mode: 0o600,
  });
});
afterEach(async () => {
  await pty?.close();
  await closeServers();
  rmSync(home, { recursive: true, force: true });
});

let TERM: string;
beforeEach(() => {
  TERM = "dumb";
});

let TMPDIR: string | undefined;
beforeEach(() => {
  TMPDIR = undefined;
});

async function onPty(...argv: string[]): Promise<Pty> {
  const env = {
    PATH: process.env["PATH"] ?? "",
    HOME: home,
    LOGNAME: "ann",
    LC_ALL: "C.UTF-8",
    TERM,
    // The machine may have no editor.
    EDITOR: "true",
    ...(TMPDIR === undefined ? {} : { TMPDIR }),
    MAIL: join(home, "spool"),
  };
  pty = await openPty({ argv, env, cwd: home });
  return pty;
}

const mail = (...argv: string[]) => onPty(process.execPath, program, ...argv);

const dead = () => (existsSync(join(home, "dead.letter")) ? readFileSync(join(home, "dead.letter"), "utf8") : "");
const kept = () => (existsSync(join(home, drafts)) ? readdirSync(join(home, drafts)) : []);

/**
 * Returns a draft's text. A draft has a temporary name while it is being rewritten, so a listed name may have
 * disappeared.
 */
function draftText(name: string): string {
  if (name.endsWith(".new")) return "";
  try {
    return readFileSync(join(home, drafts, name), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}

/**
 * Waits until the program has saved these lines; their echo is not enough, because the terminal also echoes lines that
 * the program has not read yet.
 */
const taken = (text: string) => until(() => kept().some((name) => draftText(name).includes(text)));

test("if SIGKILL ends mail while a message is being typed, the next run of mail can continue and send the message", async () => {
  const first = await mail("-s", "plan", "a@x.org");
  first.send("one\ntwo\n");
  await first.expect("two");
  await taken("one\ntwo\n");
  process.kill(first.pid as number, "SIGKILL");
  await first.exited;
  await first.close();
  const next = await mail();
  await next.expect('A message to a@x.org, "plan", was interrupted at line 2');
  await next.expect("keep it for later (Enter)? ");
  next.send("y\n");
  await next.expect("(continue)");
  next.send("three\n.\n");
  await next.expect("Cc: ");
  next.send("\n");
  await next.exited;
  expect(server.messages).toEqual([expect.stringMatching(/Subject: plan\n[\s\S]*\n\none\ntwo\nthree\n$/)]);
  expect([kept(), dead()]).toEqual([[], ""]);
});

test("a continued message keeps the labels of its attachments, and the type and encoding of its body", async () => {
  writeFileSync(join(home, "report.dat"), "numbers\n");
  const label = ["--content-type", "application/x-report", "--content-filename", "june.rep", "-A", "report.dat"];
  const first = await mail("-s", "plan", ...label, "--html", "--encoding", "base64", "a@x.org");
  first.send("<b>one</b>\n");
  await taken("<b>one</b>\n");
  process.kill(first.pid as number, "SIGKILL");
  await first.exited;
  await first.close();
  const next = await mail();
  await next.expect("keep it for later (Enter)? ");
  next.send("y\n");
  await next.expect("(continue)");
  next.send(".\n");
  await next.expect("Cc: ");
  next.send("\n");
  await next.exited;
  const [message = ""] = server.messages;
  expect(message).toMatch(/^Content-Type: text\/html; charset=\S+\nContent-Transfer-Encoding: base64$/im);
  expect(message).toMatch(/^Content-Type: application\/x-report/m);
  expect(message).toContain("june.rep");
});

test("two interrupts save the text in dead.letter and result in exit code 1", async () => {
  const first = await mail("-s", "plan", "a@x.org");
  first.send("one\n");
  await first.expect("one");
  await taken("one\n");
  first.send("\x03");
  await first.expect("one more to kill letter");
  first.send("\x03");
  expect(await first.exited).toBe(1);
  expect([kept(), dead()]).toEqual([[], "one\n"]);
});

test("dead.letter also contains the lines that the two interrupts left incomplete", async () => {
  TERM = "xterm";
  const first = await mail("-s", "plan", "a@x.org");
  await until(first.isRaw);
  const cutOff = async (half: string) => {
    first.send(half);
    await first.expect(half);
    first.send("\x03");
  };
  await cutOff("thought better of");
  await first.expect("one more to kill letter");
  first.send("one\n");
  await taken("one\n");
  await cutOff("half a li");
  await first.expect("one more to kill letter");
  await cutOff("the ot");
  expect(await first.exited).toBe(1);
  expect([kept(), dead()]).toEqual([[], "one\nhalf a li\nthe ot\n"]);
});

test("~a, ~i, ~@, ~? and ~r !command work on a terminal", async () => {
  writeFileSync(join(home, "report.txt"), "numbers\n");
  const first = await mail("-s", "plan", "a@x.org");
  first.send("~a\n~i sign\n~i none\n");
  await first.expect('"none" has no value.');
  first.send("~r !echo from a command\n");
  await first.expect('"!echo from a command" 1/15');
  first.send("~@ report.txt\n");
  await first.expect("1: report.txt (text/plain; charset=us-ascii, 8 bytes)");
  writeFileSync(join(home, "a b.txt"), "blank\n");
  first.send('~@ a\\ b.txt "~/a b.txt"\n');
  await first.expect("2: a b.txt (text/plain; charset=us-ascii, 6 bytes)");
  await first.expect("3: a b.txt (text/plain; charset=us-ascii, 6 bytes)");
  first.send("~?\n");
  await first.expect("~@ file ...");
  first.send(".\n");
  await first.expect("Cc: ");
  first.send("\n");
  expect(await first.exited).toBe(0);
  expect(server.messages[0]).toContain("\n\nAnn\nof ops\nAnn\nof ops\nfrom a command\n");
  expect(server.messages[0]).toContain(Buffer.from("numbers\n").toString("base64"));
});

test.each(["dumb", "xterm"])(
  "after an interrupt at Cc:, mail shows the prompt again; a second interrupt keeps the text without sending it (TERM=%s)",
  async (term) => {
    TERM = term;
    const first = await mail("-S", "askbcc", "-s", "plan", "a@x.org");
    first.send("one\r");
    await taken("one\n");
    first.send(".\r");
    await first.expect("Cc: ");
    first.send("\x03");
    await first.expect("(Interrupt -- one more to kill letter)");
    await first.expect("Cc: ");
    first.send("b@x.org\r");
    await first.expect("Bcc: ");
    first.send("\x03");
    expect(await first.exited).toBe(1);
    expect([server.messages, kept(), dead()]).toEqual([[], [], "one\n"]);
  },
);

test.each(["dumb", "xterm"])(
  "an interrupt ends ~h but does not cancel the message, and earlier answers are kept (TERM=%s)",
  async (term) => {
    TERM = term;
    const first = await mail("-s", "plan", "a@x.org");
    first.send("~h\r");
    await first.expect("a@x.org");
    first.send(" b@x.org\r");
    await first.expect("plan");
    first.send("ned\x03");
    await first.expect(term === "dumb" ? "(continue)" : /\^C(?:\x1b\[\?2004l)?\r\n\(continue\)/);
    first.send("one\r");
    await taken("one\n");
    first.send(".\r");
    await first.expect("Cc: ");
    first.send("\r");
    expect(await first.exited).toBe(0);
    expect(server.messages).toEqual([
      expect.stringMatching(/\nTo: a@x\.org, b@x\.org\nSubject: plan\n[\s\S]*\n\none\n$/),
    ]);
  },
);

test("an empty answer at Subject: in ~h sets an empty subject", async () => {
  const first = await mail("-s", "", "a@x.org");
  first.send("~h\n");
  for (const asked of ["To: ", "Subject: ", "Cc: ", "Bcc: "]) {
    await first.expect(asked);
    first.send("\n");
  }
  await first.expect("(continue)");
  first.send("one\n~.\n");
  expect(await first.exited).toBe(0);
  expect(server.messages).toEqual([expect.stringMatching(/\nSubject: *\n[\s\S]*\n\none\n$/)]);
});

test("Ctrl-D at Cc: has no effect, so that a surplus Ctrl-D does not send the message", async () => {
  const first = await mail("-s", "plan", "a@x.org");
  first.send("one\n");
  await taken("one\n");
  first.send("\x04");
  await first.expect("Cc: ");
  first.send("\x04");
  first.send("b@x.org\n");
  expect(await first.exited).toBe(0);
  expect(server.messages).toEqual([expect.stringMatching(/^Cc: b@x\.org$/m)]);
});

test("if the terminal edits lines, Ctrl-D at Subject: omits the subject and starts a new line", async () => {
  const first = await mail("-S", "asksub", "a@x.org");
  await first.expect("Subject: ");
  first.send("\x04");
  await first.expect("\r\n");
  first.send("one\n");
  await taken("one\n");
  first.send(".\n");
  await first.expect("Cc: ");
  first.send("b@x.org\x04\x04");
  await first.exited;
  expect(first.transcript()).toBe("Subject: \none\n.\nCc: b@x.org\n");
  expect(server.messages).toEqual([
    expect.stringMatching(/^(?![\s\S]*Subject:)[\s\S]*Cc: b@x\.org\n[\s\S]*\n\none\n$/),
  ]);
});

test.each(["dumb", "xterm"])(
  "if input ends repeatedly at Cc:, the text is kept but not sent (TERM=%s)",
  async (term) => {
    TERM = term;
    const first = await mail("-s", "plan", "a@x.org");
    first.send("one\r");
    await taken("one\n");
    first.send(".\r");
    await first.expect("Cc: ");
    first.send("\x04".repeat(30));
    expect(await first.exited).toBe(1);
    expect([server.messages, kept(), dead()]).toEqual([[], [], "one\n"]);
  },
);

test("if the terminal is lost, the message is not sent, even if hang-ups are ignored", async () => {
  writeFileSync(join(home, "nohup"), '#!/bin/sh\ntrap "" HUP\nexec "$@"\n', { mode: 0o755 });
  const argv = ["-S", "noaskcc", "-s", "plan", "a@x.org"];
  const lost = await onPty(join(home, "nohup"), process.execPath, program, ...argv);
  lost.send("one\n");
  await taken("one\n");
  await lost.close();
  await until(() => dead() !== "");
  expect([server.messages, dead()]).toEqual([[], "one\n"]);
});

test("the output of --run is kept with its header if the terminal is lost", async () => {
  await server.close();
  const lost = await mail("--run", "echo found; touch begun; sleep 1", "--", "a@x.org");
  await until(() => existsSync(join(home, "begun")));
  await lost.close();
  await until(() => dead().includes("\nfound\n"));
  expect(dead()).toMatch(/^To: a@x\.org\nSubject: echo found; [\s\S]*\nfound\n$/);
});

test("after SIGTERM, the path of the saved text is reported, and the next run of mail offers no draft", async () => {
  const first = await mail("-s", "plan", "a@x.org");
  first.send("one\n");
  await taken("one\n");
  process.kill(first.pid as number, "SIGTERM");
  await first.expect("mail: the message is in ");
  await first.exited;
  expect([kept(), dead()]).toEqual([[], "one\n"]);
});

test("lines typed before SIGTERM are kept even if mail has not yet read them", async () => {
  const first = await mail("-s", "plan", "a@x.org");
  first.send("one\n");
  await taken("one\n");
  process.kill(first.pid as number, "SIGSTOP");
  first.send("two\nthree\nfour\nfive\n");
  await first.expect("five");
  process.kill(first.pid as number, "SIGTERM");
  process.kill(first.pid as number, "SIGCONT");
  await first.exited;
  expect([kept(), dead()]).toEqual([[], "one\ntwo\nthree\nfour\nfive\n"]);
});

test("if dead.letter cannot be written, the draft remains after a hang-up", async () => {
  mkdirSync(join(home, "dead.letter"));
  const first = await mail("-s", "plan", "a@x.org");
  first.send("one\n");
  await taken("one\n");
  process.kill(first.pid as number, "SIGHUP");
  await first.exited;
  expect(kept().map((name) => readFileSync(join(home, drafts, name), "utf8"))).toEqual([
    expect.stringMatching(/"subject":"plan".*\none\n$/),
  ]);
});

test.each([
  ["waiting for a locked record", ["-S", "record=copies"], "copies: locked by process"],
  ["waiting for a command that does not end", ["|trap '' INT; echo begun; exec sleep 60"], "begun"],
])("Ctrl-C cancels %s, and nothing is sent", async (_what, argv, waiting) => {
  writeFileSync(join(home, "copies.lock"), `${process.pid}\n`);
  const first = await mail("-S", "expandaddr", "-S", "noaskcc", ...argv, "-s", "plan", "a@x.org");
  first.send("one\n.\n");
  await first.expect(waiting);
  first.send("\x03");
  await first.expect("interrupted");
  await first.expect("mail: the message is in ");
  expect(await first.exited).toBe(75);
  expect([kept(), server.messages, existsSync(join(home, "copies"))]).toEqual([[], [], false]);
  expect(dead()).toMatch(/^To: [\s\S]*\nSubject: plan\n[\s\S]*\n\none\n$/);
});

describe("interruptions while mail waits for the server's reply", () => {
  async function submitting(script: Script, ...argv: string[]): Promise<Pty> {
    await server.close();
    server = await scriptedServer(script);
    const first = await mail("-S", `mta=smtp://127.0.0.1:${server.port}`, "-S", "noaskcc", ...argv);
    first.send("one\n.\n");
    return first;
  }

  test.each(["dumb", "xterm"])(
    "if Ctrl-C is typed after the final dot, mail reports that the outcome is unknown (TERM=%s)",
    async (term) => {
      TERM = term;
      const first = await submitting({ dot: "silent" }, "-s", "plan", "a@x.org");
      await until(() => server.messages.length > 0);
      first.send("\x03");
      await first.expect(
        /mail: 127\.0\.0\.1 port \d+: interrupted; the outcome is unknown: the message may have been accepted/,
      );
      await first.expect("mail: the message is in ");
      expect(await first.exited).toBe(75);
      expect([kept(), dead()]).toEqual([[], expect.stringMatching(/^To: a@x\.org\nSubject: plan\n[\s\S]*\n\none\n$/)]);
    },
  );

  test.each([
    ["connecting", "greeting"],
    ["the envelope", "RCPT"],
  ] as const)("before the final dot, during %s, Ctrl-C prevents sending", async (_when, phase) => {
    const silent = silence();
    const first = await submitting({ [phase]: silent.answer }, "-s", "plan", "a@x.org");
    await silent.begun;
    first.send("\x03");
    await first.expect(/mail: 127\.0\.0\.1 port \d+: interrupted\r\nmail: the message was not sent/);
    expect(await first.exited).toBe(75);
    expect([kept(), server.messages]).toEqual([[], []]);
    expect(dead()).toMatch(/^To: a@x\.org\nSubject: plan\n[\s\S]*\n\none\n$/);
  });

  test.each([
    ["dumb", ""],
    ["xterm", "; mail --check looks for the cause"],
  ])(
    "if there is no server, mail suggests --check, but only if the terminal supports line editing (TERM=%s)",
    async (term, hint) => {
      TERM = term;
      const first = await mail("-S", "mta=smtp://127.0.0.1:1", "-S", "noaskcc", "-s", "plan", "a@x.org");
      first.send("one\n.\n");
      await first.expect(new RegExp(`mail: the message was not sent${hint}[^;]*mail: the message is in`));
      expect(await first.exited).toBe(75);
    },
  );

  test.each(["SIGTERM", "SIGHUP"] as const)(
    "%s ends mail, which reports that the outcome is unknown",
    async (signal) => {
      const first = await submitting({ dot: "silent" }, "-s", "plan", "a@x.org");
      await until(() => server.messages.length > 0);
      process.kill(first.pid as number, signal);
      await first.expect("the outcome is unknown");
      await first.expect("mail: the message is in ");
      expect(await first.exited).toBe(128);
      expect([kept(), dead()]).toEqual([[], expect.stringMatching(/^To: a@x\.org\n[\s\S]*\n\none\n$/)]);
    },
  );

  test("Ctrl-C in a session returns to the prompt, and the message is not sent later", async () => {
    writeFileSync(join(home, "spool"), "From b@x.org Sat Jan 16 18:22:01 2021\nFrom: b@x.org\nSubject: hi\n\nhi\n\n");
    await server.close();
    const silent = silence();
    server = await scriptedServer({ greeting: silent.answer });
    const first = await mail("-S", `mta=smtp://127.0.0.1:${server.port}`, "-S", "noaskcc", "-S", "queue");
    await first.expect("& ");
    first.send("mail a@x.org\n");
    await first.expect("Subject: ");
    first.send("plan\none\n.\n");
    await silent.begun;
    first.send("\x03");
    await first.expect("mail: the message is in ");
    await first.expect("& ");
    first.send("x\n");
    expect(await first.exited).toBe(0);
    expect([kept(), server.messages, existsSync(join(home, ".local/state/mail/queue"))]).toEqual([[], [], false]);
    expect(dead()).toMatch(/\n\none\n$/);
  });
});

test("a dry run changes no file, regardless of how it ends", async () => {
  const before = readdirSync(home);
  const refused = await mail("--dry-run", "-s", "plan", "a@x.org@");
  refused.send("one\n.\n");
  await refused.expect("Cc: ");
  refused.send("\n");
  await refused.expect('"a@x.org@": ');
  expect(await refused.exited).toBe(65);
  await refused.close();
  const given = await mail("-S", "dryrun", "-s", "plan", "a@x.org");
  given.send("one\n~p\n");
  await given.expect("(continue)");
  given.send("\x03");
  await given.expect("one more to kill letter");
  given.send("\x03");
  expect(await given.exited).toBe(1);
  expect(readdirSync(home)).toEqual(before);
});

/**
 * Returns the names of these processes and their descendants. Tests wait until the shell has started its program,
 * because a shell that is interrupted earlier still starts the program and waits for it.
 */
function programs(pids: readonly number[]): string[] {
  return pids.flatMap((pid) => {
    try {
      const below = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
      return [readFileSync(`/proc/${pid}/comm`, "utf8").trim(), ...programs(below.filter(Boolean).map(Number))];
    } catch {
      return []; // The process has ended.
    }
  });
}

/** Starts a message, waits until a tilde escape or its program is blocked on a file, and sends an interrupt. */
async function givenUp(typed: string, file: string, said: string): Promise<Pty> {
  const first = await mail("-s", "plan", "a@x.org");
  first.send("one\n");
  await taken("one\n");
  first.send(`${typed} ${file}\n`);
  await until(() => first.openFiles().includes(join(home, file)) || programs(first.children()).includes("cat"));
  first.send("\x03");
  await first.expect(said);
  return first;
}

/** Checks that the message continues and still contains the text that was typed before. */
async function goesOn(first: Pty): Promise<void> {
  first.send("two\n~.\n");
  expect(await first.exited).toBe(0);
  expect(server.messages).toEqual([expect.stringMatching(/\n\none\ntwo\n$/)]);
}

test("if an interrupt arrives while ~r reads a large file, ~r is cancelled, and the typed text is kept", async () => {
  const large = join(home, "large");
  writeFileSync(large, "");
  truncateSync(large, 3 * 1024 ** 3);
  await goesOn(await givenUp("~r", "large", "large: interrupted"));
});

test.each(["-A", "-q"])("an interrupt cancels %s on a pipe that has no writer", async (option) => {
  execFileSync("/usr/bin/mkfifo", [join(home, "pipe")]);
  const first = await mail("-s", "plan", option, "pipe", "a@x.org");
  await until(() => first.openFiles().includes(join(home, "pipe")));
  first.send("\x03");
  await first.expect("mail: pipe: interrupted; nothing was sent");
  expect(await first.exited).toBe(75);
  expect([server.commands, kept(), dead()]).toEqual([[], [], ""]);
});

test("if ~e cannot create a file for the editor, this is reported and the user can continue the message", async () => {
  TMPDIR = "/none";
  const first = await mail("-s", "plan", "a@x.org");
  first.send("one\n~e\n");
  await first.expect("mail: /none: No such file or directory");
  await goesOn(first);
});

test("an interrupt cancels ~@ on a pipe that has no writer, and the message continues", async () => {
  execFileSync("/usr/bin/mkfifo", [join(home, "pipe")]);
  await goesOn(await givenUp("~@", "pipe", "mail: pipe: interrupted"));
});

test("an interrupt cancels ~r on a pipe that has no writer, and the message continues", async () => {
  execFileSync("/usr/bin/mkfifo", [join(home, "pipe")]);
  const first = await givenUp("~r", "pipe", '"pipe" 0/0');
  first.send("~@ none\n");
  await first.expect("mail: none: No such file or directory\r\n");
  first.send("~:version\n");
  await first.expect("(continue)");
  await goesOn(first);
});

test("after a hang-up, the text and its incomplete last line are kept exactly once", async () => {
  TERM = "xterm";
  const first = await mail("-s", "plan", "a@x.org");
  await until(first.isRaw);
  first.send("one\n");
  await taken("one\n");
  first.send("half a li");
  await first.expect("half a li");
  process.kill(first.pid as number, "SIGHUP");
  await first.exited;
  expect([kept(), dead()]).toEqual([[], "one\nhalf a li\n"]);
});
