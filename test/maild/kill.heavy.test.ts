/** Kills a delivery by `mail` or maild before each write call and during each write. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { type Home, makeHome } from "../mailbox/support/program.ts";
import { openDialogue } from "./dialogue.ts";

const killer = join(process.cwd(), "test/mailbox/support/killer.cjs");
const old = "From a Sat Jan 16 18:22:01 2021\nSubject: old\n\nbody\n\n";
const text = Array.from({ length: 3000 }, (_, line) => `line ${line} of the body`);
const kinds = ["between calls", "within a write"] as const;
/** A call number that no delivery reaches. */
const mostCalls = 60;

let home: Home;
let spool: string;
beforeEach(() => {
  home = makeHome();
  mkdirSync(join(home.path, "spool"));
  spool = join(home.path, "spool/root");
});
afterEach(() => home.remove());

function killedAt(call: number, kind: (typeof kinds)[number]): Record<string, string> {
  return {
    PATH: process.env["PATH"] ?? "",
    HOME: home.path,
    USER: "root",
    LOGNAME: "root",
    MAIL_KILL_AT: String(call),
    ...(kind === "within a write" ? { MAIL_KILL_TORN: "1" } : {}),
  };
}

function subjects(): string[] {
  return [...readFileSync(spool, "latin1").matchAll(/^Subject: (.*)$/gm)].map(([, subject = ""]) => subject);
}

function nothingIsLeft(): void {
  const state = join(home.path, ".local/state/mail");
  const left = existsSync(state) ? readdirSync(state).filter((name) => name.endsWith(".append")) : [];
  expect(left).toEqual([]);
}

describe.each(kinds)("a delivery that is killed %s", (kind) => {
  test("the next start of maild removes the remains of a killed delivery, and the client's retry delivers the message once", async () => {
    let completed = false;
    for (let call = 1; !completed && call < mostCalls; call++) {
      writeFileSync(spool, old);
      const answer = await submitTo(await maild(killedAt(call, kind)));
      completed = answer !== undefined;
      const next = await maild(killedAt(0, kind));
      const found = readFileSync(spool, "latin1");
      // If maild is killed after it has synced the last byte but before it has replied, the message remains in the
      // mailbox. The client does not know this, and retries.
      if (!completed && subjects().length === 1) {
        expect([call, found]).toEqual([call, old]);
        expect(await submitTo(next)).toMatch(/^250 2\.0\.0 Ok/);
      } else await stop(next.process);
      expect([call, subjects()]).toEqual([call, ["old", "new"]]);
      expect(readFileSync(spool, "latin1").endsWith(`${text.at(-1)}\n\n`)).toBe(true);
      nothingIsLeft();
    }
    expect(completed).toBe(true);
  });

  const canMount = spawnSync("/usr/bin/unshare", ["-m", "true"]).status === 0;
  (canMount ? test : test.skip)(
    "mta=local: the next delivery removes an incomplete message and keeps a complete one",
    () => {
      const local = (environment: Record<string, string>, subject: string) =>
        spawnSync(
          "/usr/bin/unshare",
          [
            "-m",
            "/bin/sh",
            "-c",
            `mount --bind spool /var/mail && exec ${process.execPath} -r ${killer} ${process.cwd()}/bin/mail.js -n -S mta=local -s ${subject} root`,
          ],
          { cwd: home.path, env: environment, input: text.join("\n"), encoding: "latin1" },
        );
      let completed = false;
      for (let call = 1; !completed && call < mostCalls; call++) {
        writeFileSync(spool, old);
        completed = local(killedAt(call, kind), "new").signal === null;
        const whole = subjects().length === 2 && readFileSync(spool, "latin1").endsWith(`${text.at(-1)}\n\n`);
        const { status, stderr } = local(killedAt(0, kind), "next");
        expect([call, status]).toEqual([call, 0]);
        expect(stderr).toMatch(
          whole ? /^(mail: \S+: .* the saved messages were kept\n)?$/ : /^(mail: \S+: .* were removed\n)?$/,
        );
        const expected = whole ? ["old", "new", "next"] : ["old", "next"];
        expect([call, subjects()]).toEqual([call, expected]);
        nothingIsLeft();
      }
      expect(completed).toBe(true);
    },
  );
});

interface Running {
  readonly process: ChildProcess;
  readonly port: number;
}

async function maild(environment: Record<string, string>): Promise<Running> {
  const argv = [
    "-r",
    killer,
    "bin/maild.js",
    "--port",
    "0",
    "--spool",
    join(home.path, "spool"),
    "--domain",
    "dominio",
  ];
  const child = spawn(process.execPath, [...argv, "--user", "root"], {
    env: environment,
    stdio: ["ignore", "pipe", "ignore"],
  });
  const port = await new Promise<number>((resolve) => {
    child.stdout.once("data", (line: Buffer) => resolve(Number(/:(\d+)$/m.exec(line.toString())?.[1])));
    child.once("exit", () => resolve(0));
  });
  return { process: child, port };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill();
  await exited;
}

/** Submits a message. @returns the server's reply; undefined if the server was killed before it replied */
async function submitTo({ process: child, port }: Running): Promise<string | undefined> {
  if (port === 0) return undefined;
  const { say, socket } = openDialogue(port);
  try {
    await say();
    for (const line of ["HELO here", "MAIL FROM:<a@dominio>", "RCPT TO:<root@dominio>", "DATA"]) await say(line);
    return await say(["Subject: new", "", ...text, "."].join("\r\n"));
  } catch {
    return undefined;
  } finally {
    socket.destroy();
    await stop(child);
  }
}
