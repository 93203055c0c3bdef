/** Measures maild's memory while many clients send large messages at the same time. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { type Home, makeHome } from "../mailbox/support/program.ts";
import { type Dialogue, openDialogue } from "./dialogue.ts";

const clients = 30;
/** Size of each message in bytes. */
const size = 45 * 1024 * 1024;
/** Limit of resident memory in bytes. */
const limit = 200 * 1024 * 1024;

let home: Home;
let child: ChildProcess;
beforeEach(() => {
  home = makeHome();
});
afterEach(async () => {
  if (child.exitCode === null) {
    child.kill();
    await once(child, "exit");
  }
  home.remove();
});

async function sendLarge(client: Dialogue, body: Buffer): Promise<string> {
  for (const line of ["EHLO here", "MAIL FROM:<a@dominio>", "RCPT TO:<ana@dominio>", "DATA"]) await client.say(line);
  client.socket.write("Subject: large\r\n\r\n");
  for (let sent = 0; sent < size; sent += body.length) {
    if (!client.socket.write(body)) await once(client.socket, "drain");
  }
  return client.say("\r\n.");
}

test("with thirty clients that send 45 MB each at the same time, maild needs less than 200 MB, and each message arrives", async () => {
  const argv = ["bin/maild.js", "--port", "0", "--spool", home.path, "--domain", "dominio", "--user", "ana"];
  child = spawn(process.execPath, argv, { env: { HOME: home.path }, stdio: ["ignore", "pipe", "ignore"] });
  const [line] = (await once(child.stdout as NodeJS.ReadableStream, "data")) as [Buffer];
  const port = Number(/:(\d+)$/m.exec(line.toString())?.[1]);
  const body = Buffer.from(`${"x".repeat(70)}\r\n`.repeat(1000));
  const dialogues = Array.from({ length: clients }, () => openDialogue(port));
  for (const client of dialogues) await client.say();
  const responses = await Promise.all(dialogues.map((client) => sendLarge(client, body)));
  expect(responses.every((response) => response.startsWith("250 2.0.0 Ok: queued as "))).toBe(true);
  expect(statSync(join(home.path, "ana")).size).toBeGreaterThan(clients * size * 0.98);
  const peak = Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${child.pid}/status`, "latin1"))?.[1]) * 1024;
  process.stdout.write(`peak of resident memory: ${Math.round(peak / 1024 / 1024)} MB\n`);
  expect(peak).toBeLessThan(limit);
  for (const { socket } of dialogues) socket.destroy();
});
