import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeEach, expect, test } from "@jest/globals";
import { runMail } from "../run-mail.ts";
import { closeServers, scriptedServer } from "../submit/scripted-server.ts";
import { makePlace } from "./support/boxes.ts";
import { parseLines } from "./support/schemas.ts";

const place = makePlace();
afterAll(() => rmSync(place.home, { recursive: true, force: true }));
afterEach(closeServers);
beforeEach(() => {
  for (const name of readdirSync(place.home)) rmSync(join(place.home, name), { recursive: true, force: true });
});

const program = join(import.meta.dirname, "../../bin/mail.js");
const env = { PATH: process.env["PATH"], HOME: place.home, MAIL: join(place.home, "spool"), TZ: "UTC" };

async function run(argv: readonly string[]) {
  const { exit, out } = await runMail(["-n", "--json", ...argv], env, "text\n");
  return { exit, value: parseLines("submission", out)[0] };
}

async function storeDraft(port: number): Promise<string> {
  writeFileSync(join(place.home, ".mailrc"), `set mta=smtp://127.0.0.1:${port}\nset hostname=here.example\n`);
  const { value } = await run(["--draft", "-s", "hola", "ann@x.org"]);
  return String((value?.["draft"] as Record<string, unknown> | undefined)?.["id"]);
}

function startSending(id: string): ChildProcess {
  return spawn(process.execPath, [program, "-n", "--json", "--send", id], { env, stdio: "ignore" });
}

test.each(["greeting", "EHLO", "MAIL", "RCPT", "DATA", "dot"] as const)(
  "if mail --send is killed when the server receives %s, the next attempt sends nothing and exits with 75",
  async (phase) => {
    let child: ChildProcess | undefined;
    const { port, messages } = await scriptedServer({
      [phase]: () => {
        child?.kill("SIGKILL");
        return "silent";
      },
    });
    const id = await storeDraft(port);
    child = startSending(id);
    await once(child, "close");
    child = undefined;
    const before = messages.length;
    expect(await run(["--send", id])).toMatchObject({ exit: 75, value: { sent: false, reason: "outcome unknown" } });
    expect(messages).toHaveLength(before);
    expect(place.subjects("drafts")).toEqual(["hola"]);
  },
);

test("if mail --send is killed at any moment, the message is neither sent twice nor lost", async () => {
  const { port, messages } = await scriptedServer();
  // The kills are spread over the usual run time, which depends on the machine.
  const begun = performance.now();
  const first = await storeDraft(port);
  const stored = performance.now();
  expect(await run(["--send", first])).toMatchObject({ exit: 0, value: { sent: true } });
  const usual = Math.max(stored - begun, performance.now() - stored);
  const rounds = 16;
  for (let round = 0; round < rounds; round++) {
    for (const name of readdirSync(place.home)) rmSync(join(place.home, name), { recursive: true, force: true });
    const id = await storeDraft(port);
    const before = messages.length;
    const child = startSending(id);
    const closed = once(child, "close");
    await sleep((usual * (round + 1)) / rounds);
    child.kill("SIGKILL");
    await closed;
    const { exit, value } = await run(["--send", id]);
    const isThere = place.subjects("drafts").length === 1;
    const sent = messages.length - before;
    const context = { round, exit, reason: value?.["reason"], sent, isThere };
    const isSafe = sent === 1 || (sent === 0 && isThere);
    expect({ ...context, isSafe }).toEqual({ ...context, isSafe: true });
    // Exit code 0 means that the message was sent once and its draft was removed.
    if (exit === 0) expect(context).toEqual({ ...context, sent: 1, isThere: false });
  }
}, 120_000);
