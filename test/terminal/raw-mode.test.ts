/** No matter how a session with line editing ends, the terminal's modes are restored, and the typed text is kept. */
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

/** Starts this program from a shell that records the terminal's modes before and after the session. */
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

/** Continues a process as fg does, unless the process has exited. */
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
])("%s restores the terminal's modes", async (_how, keys, code) => {
  const terminal = await start("");
  await terminal.expect("& ");
  terminal.send(keys);
  await terminal.exited;
  expect(kept("code").trim()).toBe(code);
  expect(kept("after")).toBe(kept("before"));
});

test("a line that Ctrl-C discards is marked ^C, as a terminal would echo it", async () => {
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
] as const)("%s at the prompt restores the terminal's modes", async (signal, code) => {
  const terminal = await start("");
  await terminal.expect("& ");
  terminal.send("half");
  await terminal.expect("half");
  process.kill(mailProcess(terminal), signal);
  await terminal.exited;
  expect(kept("code").trim()).toBe(code);
  expect(kept("after")).toBe(kept("before"));
});

test.each(["SIGTERM", "SIGHUP"] as const)("%s while a message is being typed saves the typed lines", async (signal) => {
  const terminal = await start("bob@example.org");
  await terminal.expect("Subject: ");
  terminal.send("hola\rfirst line\rsecond line\rhalf");
  await terminal.expect("half");
  process.kill(mailProcess(terminal), signal);
  await terminal.exited;
  expect(kept("dead.letter")).toContain("first line\nsecond line\n");
  expect(kept("after")).toBe(kept("before"));
});

test("two interrupts abandon a message, restore the terminal's modes and leave the shell on a new line", async () => {
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
  ["the body of a message", "-s hola bob@example.org", "first line\n", "first line\n(continue)\n"],
])("with TERM=dumb, a user who returns to %s with fg sees the prompt again", async (_where, words, typed, shown) => {
  const terminal = await start(words, "dumb");
  terminal.send(typed);
  await until(() => {
    // The signal has no effect until a handler is registered.
    for (const child of terminal.children()) continued(child);
    return terminal.transcript().includes(shown);
  });
});

test("an interrupt at the prompt discards only the typed line", async () => {
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

test("Ctrl-C interrupts the printing of a long message, and the session continues", async () => {
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

test("new mail is reported once, at the next prompt", async () => {
  const terminal = await start("");
  await terminal.expect("& ");
  appendFileSync(join(home, "spool"), `${hola}\n`);
  terminal.send("size 1\r");
  await terminal.expect("New mail has arrived; inc adds it to the list.");
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

test("text pasted into a message is never interpreted, but typed text is", async () => {
  const pasted = ["~q", ".", "", "~!echo no", "a\ttab \x04 and ñ", "~x"];
  const terminal = await start("-s pasted bob@example.org");
  await terminal.expect("\x1b[?2004h");
  terminal.send(`\x1b[200~${pasted.join("\r")}\x1b[201~\r`);
  await terminal.expect("~x");
  // Text that follows a complete paste is treated as typed.
  terminal.send("\x1b[200~one more\r\x1b[201~~p\r");
  await terminal.expect("(continue)");
  // A single pasted line is treated as typed, because the user sees it before pressing Enter.
  terminal.send("\x1b[200~~w copy\x1b[201~\r~p\r");
  await terminal.expect("(continue)");
  terminal.send("~x\r");
  await terminal.exited;
  expect(kept("copy")).toBe(`${pasted.join("\n")}\none more\n`);
  expect(terminal.transcript()).toMatch(/\x1b\[\?2004l(?!.*\x1b\[\?2004h)/s);
  expect(kept("after")).toBe(kept("before"));
});

test("a paste that begins at the subject continues in the body", async () => {
  const terminal = await start("bob@example.org");
  await terminal.expect("Subject: ");
  terminal.send("\x1b[200~hola\rone\r.\r~q\r\x1b[201~~p\r");
  await terminal.expect("Subject: hola");
  await terminal.expect(/\none\r?\n\.\r?\n~q\r?\n\(continue\)/);
  terminal.send("~x\r");
  await terminal.exited;
});

test("lines pasted into a message arrive complete and in order", async () => {
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
