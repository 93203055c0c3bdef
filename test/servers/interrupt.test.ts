/** Tests Ctrl-C while the built program is waiting for a slow server. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "@jest/globals";
import { openPty, type Pty } from "../../scripts/pty.mjs";
import { certificates } from "./dovecot.ts";
import { type LyingServer, startLyingServer } from "./lying-server.ts";

const program = join(import.meta.dirname, "../../bin/mail.js");

let home: string;
let server: LyingServer;
let pty: Pty | undefined;
afterEach(async () => {
  await pty?.close();
  await server.close();
  rmSync(home, { recursive: true });
});

test.each(["p 1", "save 1 saved"])("Ctrl-C ends %s, and the session continues", async (command) => {
  home = mkdtempSync(join(tmpdir(), "mail-interrupt-"));
  writeFileSync(join(home, ".mailrc"), `set cafile=${join(certificates, "localhost.pem")} systemca=no\n`);
  writeFileSync(join(home, ".netrc"), "machine localhost login ann password secret\n", { mode: 0o600 });
  let isSlow = true;
  let answer: ((line: string) => void) | undefined;
  const asked = new Promise<string>((resolve) => {
    answer = resolve;
  });
  server = await startLyingServer({
    certificate: "localhost",
    messages: [{ uid: 1, text: "From: ann@x.example\nSubject: one\n\ntext of one\n" }],
    answer: (line) => {
      if (!isSlow || !line.includes("BODY.PEEK[]")) return undefined;
      answer?.(line);
      return "silent";
    },
  });
  const env = { PATH: process.env["PATH"], HOME: home, TERM: "xterm", TZ: "UTC", LANG: "C.UTF-8" };
  const words = ["-N", "-f", `imaps://ann@localhost:${server.port}/INBOX`];
  pty = await openPty({ argv: [process.execPath, program, ...words], env, cwd: home });
  await pty.expect("& ");
  pty.send(`${command}\n`);
  await asked;
  pty.send("\x03");
  await pty.expect("Interrupt");
  await pty.expect("& ");
  isSlow = false;
  pty.send("p 1\n");
  await pty.expect("text of one");
  pty.send("x\n");
  expect(await pty.exited).toBe(0);
});
