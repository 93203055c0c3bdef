/** Tests how the built program notices new mail on a server without IDLE. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { openPty, type Pty } from "../../scripts/pty.mjs";

import { runMail } from "../run-mail.ts";
import { prepareHome } from "./dovecot.ts";
import { type LyingServer, startLyingServer } from "./lying-server.ts";

const program = join(import.meta.dirname, "../../bin/mail.js");
const message = (uid: number) => ({ uid, text: `From: ann@x.example\nSubject: number ${uid}\n\ntext ${uid}\n` });

let home: string;
let server: LyingServer;
let pty: Pty | undefined;
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), "mail-new-mail-"));
  writeFileSync(join(home, ".mailrc"), `set ${prepareHome(home)}\n`);
  server = await startLyingServer({
    certificate: "localhost",
    capabilities: "IMAP4rev1 SASL-IR AUTH=PLAIN UIDPLUS MOVE ESEARCH UNSELECT LITERAL+",
    messages: [message(1)],
    answer: (command, tag) => {
      const inbox = server.folders.get("INBOX");
      if (command !== "NOOP" || inbox?.length !== 1) return undefined;
      inbox.push({ uid: 2, flags: new Set(), bytes: Buffer.from(message(2).text.replaceAll("\n", "\r\n")) });
      return `* 2 EXISTS\r\n${tag} OK done\r\n`;
    },
  });
});
afterEach(async () => {
  await pty?.close();
  await server.close();
  rmSync(home, { recursive: true });
});

const words = () => ["-N", "-f", `imaps://ann@localhost:${server.port}/INBOX`];

test("new mail is reported at the prompt on a terminal", async () => {
  const env = { PATH: process.env["PATH"], HOME: home, TERM: "xterm", TZ: "UTC", LANG: "C.UTF-8" };
  pty = await openPty({ argv: [process.execPath, program, ...words()], env });
  await pty.expect("& ");
  await pty.expect("New mail has arrived; inc adds it to the list.");
  expect(server.commands.filter((command) => /^(?:NOOP|IDLE)/.test(command))).toEqual(["NOOP"]);
  pty.send("inc\n");
  await pty.expect(/2 messages/);
  pty.send("p 2\n");
  await pty.expect("text 2");
  pty.send("x\n");
  expect(await pty.exited).toBe(0);
});

test("if the input is a pipe, the server is not asked for new mail", async () => {
  expect(await runMail(words(), { PATH: process.env["PATH"], HOME: home }, "=\np 1\nx\n")).toMatchObject({
    err: "",
    exit: 0,
  });
  expect(server.commands).not.toContain("NOOP");
});

test("mail that arrives during a failed quit is numbered only when it is announced", async () => {
  writeFileSync(join(home, "box"), "");
  const failing = `set trash=box/trash\nd 1\nfolder box\nd *\n`;
  const result = await runMail(words(), { PATH: process.env["PATH"], HOME: home }, `${failing}unset trash\nq\n`, home);
  expect(result).toMatchObject({ exit: 0, err: expect.stringContaining("Not a directory") });
  expect(server.folders.get("INBOX")).toMatchObject([{ uid: 2, flags: new Set() }]);
});
