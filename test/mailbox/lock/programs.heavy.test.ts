/** Tests the locks against every other mail program that is installed. */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { lockFile } from "../../../src/mailbox/lock/lock-file.ts";
import { isInstalled, isRoot, testWith } from "../../conditions.ts";
import { until } from "../../until.ts";
import { subjectsInMbox } from "../support/accounts.ts";
import { type Home, makeHome } from "../support/program.ts";

let home: Home;
let spool: string;
const running: ChildProcess[] = [];

beforeEach(() => {
  home = makeHome();
  spool = join(home.path, "spool");
});

afterEach(() => {
  for (const child of running.splice(0)) child.kill();
  home.remove();
});

const nobody = 65534;
/** Dovecot does not let root read mail. */
const ordinary = isRoot ? { uid: nobody, gid: nobody } : {};
const program = join(process.cwd(), "bin/mail.js");
const message = (subject: string) => `From ann Sat Jan 16 18:22:03 2021\nSubject: ${subject}\n\nbody\n\n`;

function run(name: string, argv: readonly string[], input = "", more: { uid?: number; gid?: number } = {}) {
  const environment = { PATH: process.env["PATH"], HOME: home.path, USER: "nobody", MAIL: spool, TZ: "UTC" };
  const done = spawnSync(name, argv, { cwd: home.path, env: environment, input, encoding: "latin1", ...more });
  return { status: done.status, out: done.stdout, err: done.stderr };
}

/** Runs a session that waits at most one second for a lock, and then quits. */
function quit(lines: readonly string[], more: { uid?: number; gid?: number } = {}) {
  return run(process.execPath, [program, "-n", "-S", "lockwait=1"], `${lines.join("\n")}\nq\n`, more);
}

describe("a lock that another program holds", () => {
  testWith("lockfile")("procmail's lockfile(1) prevents a quit from writing until the lock is released", () => {
    writeFileSync(spool, message("one"));
    expect(run("lockfile", ["-r", "0", `${spool}.lock`]).status).toBe(0);
    const refused = quit(["d 1"]);
    expect([refused.status, refused.err]).toEqual([
      75,
      `mail: ${spool}: locked by another program; nothing was changed\n`,
    ]);
    expect(subjectsInMbox(spool)).toEqual(["one"]);
    expect(existsSync(`${spool}.lock`)).toBe(true);
    run("rm", ["-f", `${spool}.lock`]);
    expect(quit(["d 1"]).status).toBe(0);
    expect(subjectsInMbox(spool)).toEqual([]);
  });

  testWith("dotlockfile")("the process for which dotlockfile(1) holds the lock is reported", async () => {
    writeFileSync(spool, message("one"));
    const holder = spawn("dotlockfile", ["-p", "-l", `${spool}.lock`, "sleep", "60"], { stdio: "ignore" });
    running.push(holder);
    await until(() => existsSync(`${spool}.lock`));
    const refused = quit(["d 1"]);
    expect(refused.err).toBe(`mail: ${spool}: locked by process ${holder.pid}; nothing was changed\n`);
    expect(refused.status).toBe(75);
    expect(subjectsInMbox(spool)).toEqual(["one"]);
  });
});

describe("a lock that mail holds", () => {
  const lockers: readonly [string, string, (path: string) => string[], number][] = [
    ["procmail's lockfile", "lockfile", (path) => ["-r", "0", `${path}.lock`], 73],
    ["dotlockfile", "dotlockfile", (path) => ["-l", "-r", "0", `${path}.lock`], 4],
    ["dotlockfile -p", "dotlockfile", (path) => ["-l", "-p", "-r", "0", `${path}.lock`], 4],
    ["mutt_dotlock", "mutt_dotlock", (path) => ["-r", "0", path], 3],
  ];
  for (const [shown, name, argv, refused] of lockers)
    testWith(name)(`is respected by ${shown}`, async () => {
      writeFileSync(spool, message("one"));
      const descriptor = openSync(spool, "r+");
      const release = await lockFile(spool, descriptor, 1);
      expect(run(name, argv(spool)).status).toBe(refused);
      await release();
      expect(run(name, argv(spool)).status).toBe(0);
      closeSync(descriptor);
    });
});

describe("deliveries while sessions read, delete and quit", () => {
  /**
   * Delivers messages one after the other, while sessions delete message 1 and move message 2 to mbox.
   *
   * @returns the names of all messages that were delivered, including the deleted ones
   */
  async function account(count: number, deliver: (number: number) => Promise<void>): Promise<string[]> {
    const deleted: string[] = [];
    let delivering = true;
    const delivered = (async () => {
      for (let number = 1; number <= count; number++) await deliver(number);
      delivering = false;
    })();
    while (delivering) {
      const child = spawn(process.execPath, [program, "-n"], {
        cwd: home.path,
        env: { PATH: process.env["PATH"], HOME: home.path, USER: "nobody", MAIL: spool, TZ: "UTC" },
        stdio: ["pipe", "pipe", "pipe"],
        ...ordinary,
      });
      let [out, err] = ["", ""];
      child.stdout.on("data", (piece) => (out += piece));
      child.stderr.on("data", (piece) => (err += piece));
      child.stdin.end("f 1\nd 1\nmbox 2\nq\n");
      await once(child, "close");
      if (err.startsWith("No mail for")) continue;
      expect([child.exitCode, err.replace(/^mail: .*; waiting, at most 30 seconds\n/gm, "")]).toEqual([0, ""]);
      const [, first] = /^[> ][NU ]+1 .*?(m-\d+)$/m.exec(out) ?? [];
      if (first !== undefined) deleted.push(first);
    }
    await delivered;
    return [...subjectsInMbox(spool), ...subjectsInMbox(join(home.path, "mbox")), ...deleted].sort();
  }

  const wanted = (count: number) => Array.from({ length: count }, (_, index) => `m-${index + 1}`).sort();

  async function feed(name: string, argv: readonly string[], input: string): Promise<void> {
    const child = spawn(name, argv, {
      cwd: home.path,
      env: { PATH: process.env["PATH"], HOME: home.path, USER: "nobody", LOGNAME: "nobody" },
      stdio: ["pipe", "ignore", "ignore"],
      ...ordinary,
    });
    child.stdin.end(input);
    const [code] = (await once(child, "close")) as [number | null];
    if (code !== 0) throw new Error(`${name} ended with ${code}`);
  }

  beforeEach(() => {
    writeFileSync(spool, "", { mode: 0o600 });
    if (!isRoot) return;
    chownSync(home.path, nobody, nobody);
    chownSync(spool, nobody, nobody);
  });

  testWith("procmail", "formail")(
    "procmail delivers each message exactly once, and formail finds them all",
    async () => {
      writeFileSync(
        join(home.path, "procmailrc"),
        `LOCKSLEEP=1\nDEFAULT=${spool}\nMAILDIR=${home.path}\n:0:\n${spool}\n`,
      );
      const all = await account(40, (number) =>
        feed("procmail", ["-m", join(home.path, "procmailrc")], message(`m-${number}`)),
      );
      expect(all).toEqual(wanted(40));
      const found = run("/bin/sh", ["-c", 'formail -s printf "x\\n" <"$1"', "sh", join(home.path, "mbox")]).out;
      expect(found.split("\n").length - 1).toBe(subjectsInMbox(join(home.path, "mbox")).length);
    },
  );

  testWith("doveadm")("with fcntl and dotlock, Dovecot, too, finds each message exactly once", async () => {
    const configuration = join(home.path, "dovecot.conf");
    mkdirSync(join(home.path, "imap"));
    if (isRoot) chownSync(join(home.path, "imap"), nobody, nobody);
    writeFileSync(
      configuration,
      [
        `base_dir = ${home.path}/run`,
        `mail_location = mbox:${home.path}/imap:INBOX=${spool}`,
        "mbox_write_locks = fcntl dotlock",
        "mbox_read_locks = fcntl",
        "log_path = /dev/stderr",
        "ssl = no",
        "protocols =",
      ].join("\n"),
    );
    const doveadm = (...argv: string[]) => ["-c", configuration, ...argv];
    const all = await account(40, (number) =>
      feed("doveadm", doveadm("save", "-m", "INBOX"), `Subject: m-${number}\n\nbody\n`),
    );
    expect(all).toEqual(wanted(40));
    const listed = run("doveadm", doveadm("fetch", "hdr.subject", "mailbox", "INBOX"), "", ordinary).out;
    expect([...listed.matchAll(/m-\d+/g)].map(([found]) => found).sort()).toEqual(subjectsInMbox(spool).sort());
  });
});

describe("a spool directory to which only the group mail can write", () => {
  const group = statSync("/var/mail", { throwIfNoEntry: false })?.gid;

  (isRoot && isInstalled("dotlockfile") && group !== undefined ? test : test.skip)(
    "in a directory that only group mail can write, dotlockfile creates and removes the lock file",
    async () => {
      const directory = join(home.path, "var-mail");
      mkdirSync(directory);
      chmodSync(home.path, 0o755);
      chownSync(directory, 0, group as number);
      chmodSync(directory, 0o2775);
      spool = join(directory, "nobody");
      writeFileSync(spool, message("one") + message("two"));
      chownSync(spool, nobody, group as number);
      chmodSync(spool, 0o660);
      mkdirSync(join(home.path, ".local/state/mail"), { recursive: true });
      chownSync(join(home.path, ".local/state/mail"), nobody, nobody);
      writeFileSync(`${spool}.lock`, `${process.pid}\n`);
      const refused = quit(["d 1"], { uid: nobody, gid: nobody });
      expect(refused.err).toBe(`mail: ${spool}: locked by process ${process.pid}; nothing was changed\n`);
      run("rm", [`${spool}.lock`]);
      const done = quit(["d 1"], { uid: nobody, gid: nobody });
      expect([done.status, done.err]).toEqual([0, ""]);
      expect(subjectsInMbox(spool)).toEqual(["two"]);
      expect(existsSync(`${spool}.lock`)).toBe(false);
      expect(readFileSync(spool, "latin1")).toContain("Subject: two");
    },
  );
});
