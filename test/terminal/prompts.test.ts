import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { openPty, type Pty } from "../../scripts/pty.mjs";

const program = join(import.meta.dirname, "../../bin/mail.js");

let home: string;
let pty: Pty;
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), "mail-prompts-"));
  writeFileSync(join(home, "box"), "From ann Sat Jan 16 18:22:03 2021\nSubject: hola\n\nhi\n\n");
  writeFileSync(join(home, "other"), "From ben Sat Jan 16 18:22:03 2021\nSubject: adiós\n\nbye\n\n");
  pty = await openPty({
    argv: [process.execPath, program, "-n", "-f", "box"],
    env: { PATH: process.env["PATH"], HOME: home, TERM: "xterm", TZ: "UTC", LC_ALL: "C.UTF-8" },
    cwd: home,
  });
});
afterEach(async () => {
  await pty.close();
  rmSync(home, { recursive: true, force: true });
});

const keys = { "Ctrl-C": "\x03", "Ctrl-D": "\x04", Escape: "\x1b" };

describe.each(["set ?", "folder ?"])("the list of %s", (command) => {
  test.each(Object.entries(keys))("%s cancels it, and the session continues", async (_name, key) => {
    await pty.expect("& ");
    pty.send(`${command}\r`);
    await pty.expect("?");
    await pty.expect("▸");
    pty.send(key);
    // The cursor is shown again after the list.
    await pty.expect("\x1b[?25h");
    await pty.expect("& ");
    pty.send("echo STILL   HERE\r");
    await pty.expect("STILL HERE");
    pty.send("x\r");
    expect(await pty.exited).toBe(0);
    expect(pty.transcript()).not.toMatch(/Error|node:|ERR_/);
  });
});
