/** Kills `mail --send` at each system call that changes the disk or opens a connection. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, expect } from "@jest/globals";
import { testWith } from "../conditions.ts";
import { runMail } from "../run-mail.ts";
import { closeServers, scriptedServer } from "../submit/scripted-server.ts";
import { makePlace } from "./support/boxes.ts";
import { parseLines } from "./support/schemas.ts";

const place = makePlace();
afterAll(() => rmSync(place.home, { recursive: true, force: true }));
afterEach(closeServers);

const program = join(import.meta.dirname, "../../bin/mail.js");
const env = { PATH: process.env["PATH"], HOME: place.home, MAIL: join(place.home, "spool"), TZ: "UTC" };

async function run(argv: readonly string[]) {
  const { exit, out } = await runMail(["-n", "--json", ...argv], env, "text\n");
  return { exit, value: parseLines("submission", out)[0] };
}

/** Sends a draft, and kills the program at the nth call. @returns whether it was killed */
async function killAtCall(id: string, call: string, nth: number): Promise<boolean> {
  const inject = ["-e", `trace=${call}`, "-e", `inject=${call}:signal=SIGKILL:when=${nth}`];
  const argv = ["-f", "-qq", "-o", "/dev/null", ...inject, process.execPath, program, "-n", "--json", "--send", id];
  const [exit, signal] = (await once(spawn("strace", argv, { env, stdio: "ignore" }), "close")) as [number, string];
  return signal === "SIGKILL" || exit === 128 + 9;
}

testWith("strace").each(["fsync", "connect", "unlink", "pwrite64", "ftruncate", "rename"])(
  "if mail is killed at any %s call, a draft is neither sent twice nor lost",
  async (call) => {
    const { port, messages } = await scriptedServer();
    for (let nth = 1, isKilled = true; isKilled; nth++) {
      for (const name of readdirSync(place.home)) rmSync(join(place.home, name), { recursive: true, force: true });
      writeFileSync(join(place.home, ".mailrc"), `set mta=smtp://127.0.0.1:${port}\nset hostname=here.example\n`);
      const { value: stored } = await run(["--draft", "-s", "hola", "ann@x.org"]);
      const id = String((stored?.["draft"] as Record<string, unknown> | undefined)?.["id"]);
      messages.length = 0;
      isKilled = await killAtCall(id, call, nth);
      const { exit, value } = await run(["--send", id]);
      const isThere = place.subjects("drafts").length === 1;
      const context = { call, nth, exit, reason: value?.["reason"], sent: messages.length, isThere };
      const isSafe = messages.length === 1 || (messages.length === 0 && isThere);
      expect({ ...context, isSafe }).toEqual({ ...context, isSafe: true });
      if (exit === 0) expect(context).toEqual({ ...context, sent: 1, isThere: false });
      if (exit === 75) expect(context).toEqual({ ...context, reason: "outcome unknown", isThere: true });
    }
  },
  300_000,
);
