/** Tests a password that is typed on the terminal while the message comes from a pipe. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { openPty } from "../../../scripts/pty.mjs";
import { scriptedServer } from "../../submit/scripted-server.ts";

test.each([
  ["a password is typed without echo", "gehei\u007fim\r", 0],
  ["Ctrl-C cancels the submission", "\u0003", 77],
])("%s", async (_what, typed, exit) => {
  const server = await scriptedServer({ EHLO: "250-test\r\n250 AUTH PLAIN" });
  const home = mkdtempSync(join(tmpdir(), "mail-password-"));
  const command = `echo body | '${process.execPath}' bin/mail.js -n -v -S mta=smtp://me@127.0.0.1:${server.port} -s s one@x.org`;
  const pty = await openPty({
    argv: ["/bin/sh", "-c", command],
    env: { HOME: home, PATH: process.env["PATH"] ?? "", USER: "ana", TERM: "xterm", NO_COLOR: "1" },
    cwd: process.cwd(),
  });
  try {
    await pty.expect("Password for me at 127.0.0.1: ");
    pty.send(typed);
    expect(await pty.exited).toBe(exit);
    expect(pty.transcript()).not.toMatch(/gehe/);
    expect(server.commands).toEqual(
      exit === 0
        ? expect.arrayContaining([`AUTH PLAIN ${Buffer.from("\0me\0geheim").toString("base64")}`])
        : [expect.stringContaining("EHLO")],
    );
  } finally {
    await pty.close();
    await server.close();
    rmSync(home, { recursive: true, force: true });
  }
});
