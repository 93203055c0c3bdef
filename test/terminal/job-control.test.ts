/** Checks that Ctrl-Z stops the session together with its child process, and that a single fg continues both. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach } from "@jest/globals";
import { openPty, type Pty } from "../../scripts/pty.mjs";
import { testWith } from "../conditions.ts";

const program = resolve(import.meta.dirname, "../../bin/mail.js");

/** A pager that does some work before it stops, and that exits after a line has been typed on the terminal. */
const pager = `
  import { createInterface } from "node:readline";
  import { createReadStream } from "node:fs";
  process.on("SIGTSTP", function stop() {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
    process.removeListener("SIGTSTP", stop);
    process.kill(process.pid, "SIGTSTP");
    process.on("SIGTSTP", stop);
  });
  process.stdin.resume();
  console.log("PAGER");
  createInterface(createReadStream("/dev/tty")).on("line", (line) => {
    console.log("PAGER READ " + line.toUpperCase());
    process.exit();
  });
`;

let home = "";
let pty: Pty | undefined;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "mail-job-"));
  writeFileSync(join(home, "box"), "From ann@example.org Sat Jan 16 18:22:01 2021\nSubject: hola\n\ntext\n\n");
  writeFileSync(join(home, "pager.mjs"), pager);
});
afterEach(async () => {
  await pty?.close();
  rmSync(home, { recursive: true, force: true });
});

/** Starts a session from a shell with job control. */
async function startSession(): Promise<Pty> {
  const env = { HOME: home, MAIL: join(home, "box"), TERM: "xterm", PATH: process.env["PATH"], PS1: "shell: " };
  pty = await openPty({ argv: ["bash", "--norc", "--noprofile", "-i"], env, cwd: home });
  await pty.expect("shell: ");
  pty.send(`'${process.execPath}' '${program}' -n -S "PAGER='${process.execPath}' pager.mjs" -f box\r`);
  await pty.expect("& ");
  return pty;
}

testWith("bash")("a pager that takes its time to stop is continued by a single fg", async () => {
  const terminal = await startSession();
  terminal.send("more 1\r");
  await terminal.expect("PAGER");
  terminal.send("\x1a");
  await terminal.expect("Stopped");
  await terminal.expect("shell: ");
  terminal.send("fg\r");
  await terminal.expect("pager.mjs");
  terminal.send("next\r");
  await terminal.expect("PAGER READ NEXT");
  await terminal.expect("& ");
  terminal.send("size 1\r");
  await terminal.expect(/1: \d+/);
});

testWith("bash")("a choice that was stopped is offered again", async () => {
  const terminal = await startSession();
  terminal.send("folder ?\r");
  await terminal.expect("new mail");
  terminal.send("\x1a");
  await terminal.expect("Stopped");
  await terminal.expect("shell: ");
  terminal.send("fg\r");
  await terminal.expect("new mail");
  terminal.send("\x03");
  await terminal.expect("✖");
  await terminal.expect(/& .*$/);
  terminal.send("size 1\r");
  await terminal.expect(/1: \d+/);
});
