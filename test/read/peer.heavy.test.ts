/**
 * Sessions made up by chance, run by bsd-mailx and by ours, with nothing but the documented deviations between them.
 *
 * PEER_SEED and PEER_SESSIONS say which and how many; a failing title names the seed to look at alone.
 */
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { buffer } from "node:stream/consumers";
import { expect, test } from "@jest/globals";
import { type RandomSession, randomSession } from "../sessions/support/random-session.ts";
import { sandbox } from "../sessions/support/sandbox.ts";

const peer = ["/usr/bin/bsd-mailx"];
const ours = [process.execPath, resolve(import.meta.dirname, "../../bin/mail.js")];
const first = Number(process.env["PEER_SEED"] ?? 1);
const sessions = Number(process.env["PEER_SESSIONS"] ?? 250);

type Result = Record<string, string>;

async function run(program: readonly string[], session: RandomSession): Promise<Result> {
  const place = sandbox({ mailrc: session.mailrc, files: session.files, environment: { PAGER: "cat" } });
  try {
    const [command = "", ...before] = program;
    const child = spawn(command, [...before, ...session.argv], {
      cwd: place.home,
      env: place.environment,
      timeout: 30_000,
    });
    child.stdin.on("error", () => {}); // it need not read
    child.stdin.end(Buffer.from(session.input, "latin1"));
    const closed = new Promise<number | null>((done) => child.on("close", done));
    const [output, errors] = await Promise.all([buffer(child.stdout), buffer(child.stderr)]);
    const result: Result = {
      exit: String(await closed),
      output: output.toString("latin1"),
      errors: errors.toString("latin1"),
    };
    for (const path of filesIn(place.home)) result[relative(place.home, path)] = readFileSync(path, "latin1");
    return Object.fromEntries(
      Object.entries(result).map(([name, text]) => [name, text.replaceAll(place.home, "{HOME}")]),
    );
  } finally {
    place.remove();
  }
}

function filesIn(directory: string): string[] {
  return readdirSync(directory)
    .map((name) => join(directory, name))
    .flatMap((path) => (statSync(path).isDirectory() ? filesIn(path) : path.endsWith("/.mailrc") ? [] : [path]));
}

/** What differs by design: the name in front of an error, fields that make a message ours. */
function comparable(result: Result): Result {
  const { errors = "", sent } = result;
  const made = /^(?:Date|Message-ID|User-Agent): .*\n/gm;
  return {
    ...result,
    errors: errors.replace(/^(?:bsd-mailx|mail): /gm, ""),
    ...(sent === undefined ? {} : { sent: sent.replace(made, "") }),
  };
}

(existsSync(peer[0] as string) ? test : test.skip)("sessions made up by chance go as in bsd-mailx", async () => {
  const differing: unknown[] = [];
  let seed = first;
  const worker = async () => {
    while (seed < first + sessions) {
      const mine = seed++;
      const session = randomSession(mine);
      const [theirs, own] = await Promise.all([run(peer, session), run(ours, session)]);
      try {
        expect({ seed: mine, ...comparable(own) }).toEqual({ seed: mine, ...comparable(theirs) });
      } catch (error) {
        differing.push(mine);
        if (process.env["PEER_SHOW"] !== undefined) process.stderr.write(`${JSON.stringify(session, null, 1)}\n`);
        if (differing.length <= 8) process.stderr.write(`seed ${mine}: ${(error as Error).message}\n`);
      }
    }
  };
  await Promise.all([worker(), worker()]);
  expect(differing).toEqual([]);
});
