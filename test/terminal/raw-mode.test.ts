/** The terminal is the shell's again, however a session with line editing ends; what was typed is kept. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { openPty, type Pty } from "../../scripts/pty.mjs";
import { until } from "../until.ts";

const program = resolve(import.meta.dirname, "../../bin/mail.js");
const hola = `From ann@example.org Sat Jan 16 18:22:01 2021
From: ann@example.org
Subject: hola

text
`;

let home = "";
let pty: Pty | undefined;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "mail-raw-mode-"));
  writeFileSync(join(home, "spool"), `${hola}\n`);
  writeFileSync(join(home, ".mailrc"), "set ask askcc dot\n", { mode: 0o600 });
});
afterEach(async () => {
  await pty?.close();
  rmSync(home, { recursive: true, force: true });
});

/** Starts ours from a shell that writes down the terminal's modes before and after. */
async function start(words: string, term = "xterm"): Promise<Pty> {
  const script = `stty -g >before; '${process.execPath}' '${program}' -n ${words}; echo $? >code; stty -g >after`;
  const env = {
    HOME: home,
    MAIL: join(home, "spool"),
    TERM: term,
    PATH: "/usr/bin:/bin",
    USER: "root",
    PAGER: "cat",
  };
  pty = await openPty({ argv: ["/bin/sh", "-c", `trap : INT; ${script}`], env, cwd: home });
  return pty;
}

const mailProcess = (shell: Pty) => shell.children()[0] as number;

/** As by fg, unless it has ended. */
function continued(pid: number): void {
  try {
    process.kill(pid, "SIGCONT");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

const kept = (name: string) => readFileSync(join(home, name), "utf8");

test.each([
  ["quit", "q\r", "0"],
  ["Ctrl-D", "\x04", "0"],
  ["Ctrl-\\", "\x1c", "131"],
])("%s leaves the terminal as it was", async (_how, keys, code) => {
  const terminal = await start("");
  await terminal.expect("& ");
  terminal.send(keys);
  await terminal.exited;
  expect(kept("code").trim()).toBe(code);
  expect(kept("after")).toBe(kept("before"));
});

test("a line that Ctrl-C drops is marked as a terminal that echoes it would mark it", async () => {
  const terminal = await start("");
  await terminal.expect("& ");
  terminal.send("half");
  await terminal.expect("half");
  terminal.send("\x03");
  await terminal.expect("^C\r\nInterrupt\r\n");
  terminal.send("x\r");
  await terminal.exited;
  expect(kept("code").trim()).toBe("0");
});

test.each([
  ["SIGTERM", "143"],
  ["SIGHUP", "129"],
] as const)("%s at the prompt leaves the terminal as it was", async (signal, code) => {
  const terminal = await start("");
  await terminal.expect("& ");
  terminal.send("half");
  await terminal.expect("half");
  process.kill(mailProcess(terminal), signal);
  await terminal.exited;
  expect(kept("code").trim()).toBe(code);
  expect(kept("after")).toBe(kept("before"));
});

test.each(["SIGTERM", "SIGHUP"] as const)("%s while a message is typed keeps its lines", async (signal) => {
  const terminal = await start("bob@example.org");
  await terminal.expect("Subject: ");
  terminal.send("hola\rfirst line\rsecond line\rhalf");
  await terminal.expect("half");
  process.kill(mailProcess(terminal), signal);
  await terminal.exited;
  expect(kept("dead.letter")).toContain("first line\nsecond line\n");
  expect(kept("after")).toBe(kept("before"));
});

test("a message given up by two interrupts leaves the terminal as it was, and the shell a line of its own", async () => {
  const terminal = await start("bob@example.org");
  await terminal.expect("Subject: ");
  terminal.send("hola\rfirst line\rhalf");
  await terminal.expect("half");
  terminal.send("\x03");
  await terminal.expect("one more to kill letter)\r\n");
  terminal.send("other half");
  await terminal.expect("other half");
  terminal.send("\x03");
  await terminal.exited;
  expect(kept("dead.letter")).toContain("first line\nhalf\nother half\n");
  expect(terminal.transcript()).toContain("other half^C\n");
  expect(kept("after")).toBe(kept("before"));
});

test.each([
  ["the prompt", "", "", "& & "],
  ["the text of a message", "-s hola bob@example.org", "first line\n", "first line\n(continue)\n"],
])("with TERM=dumb, who comes back to %s by fg is shown what is awaited", async (_where, words, typed, shown) => {
  const terminal = await start(words, "dumb");
  terminal.send(typed);
  await until(() => {
    // Before it listens, the signal means nothing to it.
    for (const child of terminal.children()) continued(child);
    return terminal.transcript().includes(shown);
  });
});

test("an interrupt at the prompt drops the line and nothing else", async () => {
  const terminal = await start("");
  await terminal.expect("& ");
  terminal.send("d 1");
  await terminal.expect("d 1");
  process.kill(mailProcess(terminal), "SIGINT");
  await terminal.expect("Interrupt");
  await terminal.expect("& ");
  terminal.send("f 1\r");
  await terminal.expect("hola");
  terminal.send("x\r");
  await terminal.exited;
  expect(kept("code").trim()).toBe("0");
});

test("Ctrl-C ends a long print, and the session goes on", async () => {
  writeFileSync(join(home, "spool"), `${hola}${"a line of a long message\n".repeat(400_000)}\n`);
  const terminal = await start("");
  await terminal.expect("& ");
  terminal.send("p 1\r");
  await terminal.expect("a line of a long message");
  terminal.send("\x03");
  await terminal.expect("Interrupt").catch(() => {
    throw new Error("no Interrupt was shown");
  });
  await terminal.expect("& ");
  terminal.send("x\r");
  await terminal.exited;
  expect(terminal.transcript().length).toBeLessThan(9_000_000);
});

test("mail that comes is told at the next prompt, once", async () => {
  const terminal = await start("");
  await terminal.expect("& ");
  appendFileSync(join(home, "spool"), `${hola}\n`);
  terminal.send("size 1\r");
  await terminal.expect("New mail has arrived; inc takes it in.");
  await terminal.expect("& ");
  terminal.send("size 1\r");
  await terminal.expect("& ");
  terminal.send("inc\r");
  await terminal.expect("2 messages");
  await terminal.expect("& ");
  terminal.send("x\r");
  await terminal.exited;
  expect(terminal.transcript().split("New mail").length).toBe(2);
});

test("what is pasted into a message is its text, whatever it looks like; what is typed is not", async () => {
  const pasted = ["~q", ".", "", "~!echo no", "a\ttab \x04 and ñ", "~x"];
  const terminal = await start("-s pasted bob@example.org");
  await terminal.expect("\x1b[?2004h");
  terminal.send(`\x1b[200~${pasted.join("\r")}\x1b[201~\r`);
  await terminal.expect("~x");
  // What follows a paste that ended with its last line is typed.
  terminal.send("\x1b[200~one more\r\x1b[201~~p\r");
  await terminal.expect("(continue)");
  // One line alone is as good as typed: somebody looks at it before Enter.
  terminal.send("\x1b[200~~w copy\x1b[201~\r~p\r");
  await terminal.expect("(continue)");
  terminal.send("~x\r");
  await terminal.exited;
  expect(kept("copy")).toBe(`${pasted.join("\n")}\none more\n`);
  expect(terminal.transcript()).toMatch(/\x1b\[\?2004l(?!.*\x1b\[\?2004h)/s);
  expect(kept("after")).toBe(kept("before"));
});

test("a paste that begins at the subject goes on in the text", async () => {
  const terminal = await start("bob@example.org");
  await terminal.expect("Subject: ");
  terminal.send("\x1b[200~hola\rone\r.\r~q\r\x1b[201~~p\r");
  await terminal.expect("Subject: hola");
  await terminal.expect(/\none\r?\n\.\r?\n~q\r?\n\(continue\)/);
  terminal.send("~x\r");
  await terminal.exited;
});

test("lines that are pasted into a message arrive whole, and in order", async () => {
  const lines = Array.from(
    { length: 300 },
    (_line, index) => `line ${index} of a text that is pasted, with ñ and 日本`,
  );
  const terminal = await start("-s pasted bob@example.org");
  terminal.send("~p\r");
  await terminal.expect("(continue)");
  terminal.send(`${lines.join("\r")}\r`);
  await terminal.expect("line 299 of a text that is pasted, with ñ and 日本");
  terminal.send("~w copy\r~x\r");
  await terminal.exited;
  expect(kept("copy")).toBe(`${lines.join("\n")}\n`);
  expect(terminal.transcript()).not.toContain("Warning");
});
