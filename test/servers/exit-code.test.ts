/** Tests which exit code a session in a pipe has after a server has failed. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { Exit } from "../../src/errors.ts";
import { runMail } from "../run-mail.ts";
import { prepareHome } from "./dovecot.ts";
import { type LyingServer, startLyingServer } from "./lying-server.ts";

let home: string;
let server: LyingServer;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "mail-exit-code-"));
  writeFileSync(join(home, ".mailrc"), `set ${prepareHome(home)} smtptimeout=1 noheader\n`);
});
afterEach(async () => {
  await server.close();
  rmSync(home, { recursive: true });
});

test.each<[string, (tag: string) => string, number]>([
  ["sends BYE", () => "* BYE shutting down\r\n", Exit.TempFail],
  ["sends an absurd literal", () => "* 1 FETCH (BODY[] {99999999999}\r\n", Exit.Protocol],
  ["sends a malformed FETCH", (tag) => `* 1 FETCH ((((BODY[ \r\n${tag} OK\r\n`, Exit.Protocol],
  ["refuses FETCH", (tag) => `${tag} NO try later\r\n`, Exit.Failure],
  ["does not respond", () => "silent", Exit.TempFail],
])("if the server %s while a message is being loaded, the exit code is not 0", async (_title, respond, exit) => {
  server = await startLyingServer({
    certificate: "localhost",
    messages: [{ uid: 1, text: "Subject: one\n\ntext of one\n" }],
    answer: (line, tag) => (line.includes("BODY.PEEK[]") ? respond(tag) : undefined),
  });
  const env = { PATH: process.env["PATH"], HOME: home, TZ: "UTC" };
  const words = ["-N", "-f", `imaps://ann@localhost:${server.port}/INBOX`];
  const ended = await runMail(words, env, "p 1\nx\n");
  expect(ended.err).toContain("mail: ");
  expect([ended.exit, ended.out.includes("text of one")]).toEqual([exit, false]);
});
