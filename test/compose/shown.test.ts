/**
 * Tests the options that show a message or the SMTP dialogue: --dry-run, --trace=json and -v, with the built program.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { type Ended, runMail } from "../run-mail.ts";
import { closeServers, type ScriptedServer, scriptedServer } from "../submit/scripted-server.ts";

let home: string;
let server: ScriptedServer;
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), "mail-shown-"));
  server = await scriptedServer({ EHLO: "250-test.example\r\n250-PIPELINING\r\n250 8BITMIME" });
});
afterEach(async () => {
  await closeServers();
  rmSync(home, { recursive: true, force: true });
});

function mail(...argv: string[]): Promise<Ended> {
  const environment = { HOME: home, PATH: process.env["PATH"], USER: "ana" };
  return runMail(["-n", "-S", `mta=smtp://127.0.0.1:${server.port}`, ...argv], environment, ".\nbody\n");
}

test("--dry-run shows the envelope with Bcc recipients and the message without Bcc, and neither sends nor records it", async () => {
  const { exit, out, err } = await mail("--dry-run", "-S", "record=sent", "-s", "s", "-b", "bob@x.org", "ann@x.org");
  expect({ exit, err }).toEqual({ exit: 0, err: "" });
  expect(out).toMatch(
    /^to smtp:\/\/127\.0\.0\.1:\d+\nMAIL FROM:<ana@.+>\nRCPT TO:<ann@x\.org>\nRCPT TO:<bob@x\.org>\nDATA\n/,
  );
  expect(out).toMatch(/\nTo: ann@x\.org\n[\s\S]*\n\n\.\nbody\n$/);
  expect(out).not.toContain("Bcc");
  expect(server.commands).toEqual([]);
  expect(existsSync(join(home, "sent"))).toBe(false);
});

test("--trace=json prints an object for each line of the dialogue, with the phase and the side that sent the line", async () => {
  const { exit, out, err } = await mail("--trace=json", "-s", "s", "ann@x.org");
  expect({ exit, out }).toEqual({ exit: 0, out: "" });
  const said = err
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, string>);
  expect(said.every(({ time, phase }) => !Number.isNaN(Date.parse(time ?? "")) && phase !== "")).toBe(true);
  expect(said).toContainEqual(
    expect.objectContaining({ phase: "Envelope", side: "client", line: "RCPT TO:<ann@x.org>" }),
  );
  expect(said).toContainEqual(
    expect.objectContaining({ phase: "End of the message", side: "server", line: "250 2.0.0 Ok: queued as TEST42" }),
  );
});

test("-v shows each command before its reply, even if commands were sent together", async () => {
  const { exit, out } = await mail("-v", "-s", "s", "ann@x.org", "bob@x.org");
  expect(exit).toBe(0);
  const dialogue = out.split("\n").filter((line) => /^(client|server)> /.test(line));
  const from = dialogue.findIndex((line) => line.startsWith("client> MAIL FROM"));
  expect(dialogue.slice(from + 1, from + 8)).toEqual([
    "server> 250 2.1.0 ok",
    "client> RCPT TO:<ann@x.org>",
    "server> 250 2.1.5 ok",
    "client> RCPT TO:<bob@x.org>",
    "server> 250 2.1.5 ok",
    "client> DATA",
    "server> 354 go on",
  ]);
  expect(out).toMatch(
    /client> \.\.\nclient> body\n--- End of the message: .*\nclient> \.\nserver> 250 2\.0\.0 Ok: queued as TEST42\n/,
  );
  expect(out).toMatch(/client> QUIT\nserver> 221 bye\n--- Connection closed\n$/);
});
