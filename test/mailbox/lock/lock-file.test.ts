import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir, uptime } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { lockFile } from "../../../src/mailbox/lock/lock-file.ts";
import { lockMaildir } from "../../../src/mailbox/maildir/lock.ts";
import { showNotices } from "../../../src/notices.ts";
import { testAsRoot } from "../../conditions.ts";
import { until } from "../../until.ts";

let home: string;
let spool: string;
let notices: string[];
const others: ChildProcess[] = [];

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "mail-lock-"));
  spool = join(home, "spool");
  writeFileSync(spool, "");
  notices = [];
  showNotices((text) => notices.push(text));
});

afterEach(() => {
  for (const child of others.splice(0)) child.kill("SIGKILL");
  showNotices(() => {});
  rmSync(home, { recursive: true, force: true });
});

/** Starts another process that holds a POSIX lock on the spool (F_SETLK, as in Postfix and Dovecot). */
async function holdsPosixLock(): Promise<ChildProcess> {
  const program = `
    const koffi = require("koffi");
    const fcntl = koffi.load(null).func("int fcntl(int, int, _Inout_ uint8_t *)");
    const lock = Buffer.alloc(64); lock.writeInt16LE(1, 0);
    const descriptor = require("fs").openSync(process.argv[1], "r+");
    console.log(fcntl(descriptor, 6, lock));
    process.stdin.resume();`;
  const child = spawn(process.execPath, ["-e", program, spool], {
    cwd: process.cwd(),
    stdio: ["pipe", "pipe", "inherit"],
  });
  others.push(child);
  const [said] = (await once(child.stdout as NodeJS.ReadableStream, "data")) as [Buffer];
  expect(said.toString().trim()).toBe("0");
  return child;
}

/** Returns whether another process can acquire a POSIX lock now. */
function posixLockIsFree(): boolean {
  const program = `
    const koffi = require("koffi");
    const fcntl = koffi.load(null).func("int fcntl(int, int, _Inout_ uint8_t *)");
    const lock = Buffer.alloc(64); lock.writeInt16LE(1, 0);
    process.exit(fcntl(require("fs").openSync(process.argv[1], "r+"), 6, lock) === 0 ? 0 : 1);`;
  try {
    execFileSync(process.execPath, ["-e", program, spool], { cwd: process.cwd() });
    return true;
  } catch {
    return false;
  }
}

describe("the fcntl() lock", () => {
  test("the fcntl() lock excludes POSIX locks, even after another descriptor of the file has been closed", async () => {
    const descriptor = openSync(spool, "r+");
    const release = await lockFile(spool, descriptor, 1);
    closeSync(openSync(spool, "r"));
    expect(posixLockIsFree()).toBe(false);
    await release();
    expect(posixLockIsFree()).toBe(true);
    closeSync(descriptor);
  });

  test("while another process holds a POSIX lock, the fcntl() lock is refused within the time limit, and no dotlock is left behind", async () => {
    await holdsPosixLock();
    const descriptor = openSync(spool, "r+");
    await expect(lockFile(spool, descriptor, 0.3)).rejects.toThrow(
      `${spool}: locked by another program; nothing was changed`,
    );
    expect(existsSync(`${spool}.lock`)).toBe(false);
    closeSync(descriptor);
  });

  test("the fcntl() lock is acquired when another process releases its lock, and the wait is reported", async () => {
    const other = await holdsPosixLock();
    const descriptor = openSync(spool, "r+");
    const locked = lockFile(spool, descriptor, 20);
    await until(() => notices.length > 0);
    other.kill("SIGKILL");
    const release = await locked;
    expect(notices).toEqual([`${spool}: locked by another program; waiting, at most 20 seconds`]);
    await release();
    closeSync(descriptor);
  });

  test("the fcntl() lock is released if the dotlock is refused", async () => {
    writeFileSync(`${spool}.lock`, `${process.pid}\n`);
    const descriptor = openSync(spool, "r+");
    await expect(lockFile(spool, descriptor, 0)).rejects.toThrow(`locked by process ${process.pid}`);
    expect(posixLockIsFree()).toBe(true);
    expect(readFileSync(`${spool}.lock`, "utf8")).toBe(`${process.pid}\n`);
    closeSync(descriptor);
  });

  test("two sessions in the same process exclude each other", async () => {
    const [one, two] = [openSync(spool, "r+"), openSync(spool, "r+")];
    const release = await lockFile(spool, one, 0);
    await expect(lockFile(spool, two, 0)).rejects.toThrow("locked by");
    await release();
    await (await lockFile(spool, two, 0))();
    closeSync(one);
    closeSync(two);
  });
});

/** Returns the ID of a process that has exited. */
function deadPid(): number {
  return Number(execFileSync("/bin/sh", ["-c", "echo $$"]).toString());
}

describe("the dotlock", () => {
  test("the dotlock is created beside the mailbox's real path, even if a symbolic link is opened", async () => {
    mkdirSync(join(home, "elsewhere"));
    symlinkSync(spool, join(home, "elsewhere/link"));
    const descriptor = openSync(spool, "r+");
    const release = await lockFile(join(home, "elsewhere/link"), descriptor, 1);
    expect([existsSync(`${spool}.lock`), readdirSync(join(home, "elsewhere"))]).toEqual([true, ["link"]]);
    await release();
    closeSync(descriptor);
    expect(existsSync(`${spool}.lock`)).toBe(false);
  });

  const hour = 3600;
  test.each<[string, () => string, number, "stale" | "held"]>([
    // description                                      content                              age      outcome
    ["of a living process", () => `${process.pid}\n`, 0, "held"],
    ["of a living process, old", () => `${process.pid}\n`, Math.min(hour, uptime() / 2), "held"],
    ["of a dead process of this machine, just made", () => `${deadPid()}:${hostname()}\n`, 0, "stale"],
    ["of a dead process, possibly of another host, just made", () => `${deadPid()}\n`, 0, "held"],
    ["of a dead process, a minute old", () => `${deadPid()}\n`, 60, "stale"],
    ["of another machine's process", () => `${deadPid()}:elsewhere\n`, 60, "held"],
    ["of another machine's process, an hour old", () => `${deadPid()}:elsewhere\n`, hour, "stale"],
    ["without a process (procmail), just made", () => "0", 60, "held"],
    ["without a process (procmail), an hour old", () => "0", hour, "stale"],
    ["empty (mutt), an hour old", () => "", hour, "stale"],
  ])("%s", async (_shows, content, age, outcome) => {
    const name = `${spool}.lock`;
    writeFileSync(name, content());
    const made = Date.now() / 1000 - age;
    utimesSync(name, made, made);
    const descriptor = openSync(spool, "r+");
    if (outcome === "held") {
      await expect(lockFile(spool, descriptor, 0)).rejects.toThrow("locked by");
      expect(existsSync(name)).toBe(true);
    } else {
      const release = await lockFile(spool, descriptor, 0);
      expect(readFileSync(name, "utf8")).toBe(`${process.pid}:${hostname()}\n`);
      await release();
      expect(existsSync(name)).toBe(false);
    }
    closeSync(descriptor);
  });

  test("a dotlock that another program has replaced in the meantime is not removed", async () => {
    const descriptor = openSync(spool, "r+");
    const release = await lockFile(spool, descriptor, 0);
    rmSync(`${spool}.lock`);
    writeFileSync(`${home}/theirs`, "theirs");
    execFileSync("mv", [`${home}/theirs`, `${spool}.lock`]);
    await release();
    expect(readFileSync(`${spool}.lock`, "utf8")).toBe("theirs");
    closeSync(descriptor);
  });
});

const root = process.cwd();
const message = "From ann Sat Jan 16 18:22:03 2021\nSubject: one\n\nbody\n\n";

describe("the built program", () => {
  test("without koffi, mail uses only .lock files as locks, and reports this once", () => {
    cpSync(join(root, "dist"), join(home, "dist"), { recursive: true });
    cpSync(join(root, "bin"), join(home, "bin"), { recursive: true });
    writeFileSync(spool, message + message.replace("one", "two"));
    const child = execFileSync("/bin/sh", ["-c", `"$0" bin/mail.js -n -f spool 2>errors`, process.execPath], {
      cwd: home,
      env: { HOME: home, PATH: process.env["PATH"] ?? "" },
      input: "d 1\ncopy 2 saved\nq\n",
    });
    expect(child.toString()).toContain('"spool" complete');
    expect(readFileSync(join(home, "errors"), "utf8")).toBe(
      "mail: fcntl() locks are not available (koffi cannot be loaded); mailboxes are locked with .lock files only\n",
    );
    expect(readFileSync(spool, "utf8")).toContain("Subject: two");
    expect(readFileSync(spool, "utf8")).not.toContain("Subject: one");
  });

  test("without koffi, mail opens a mailbox only after a program that is writing to it has removed its .lock file", async () => {
    for (const part of ["dist", "bin"]) cpSync(join(root, part), join(home, part), { recursive: true });
    writeFileSync(spool, message.slice(0, -10));
    const descriptor = openSync(spool, "a");
    const release = await lockFile(spool, descriptor, 0);
    const child = spawn(process.execPath, ["bin/mail.js", "-n", "-H", "-f", "spool"], {
      cwd: home,
      env: { HOME: home, PATH: process.env["PATH"] ?? "" },
    });
    const listed = text(child.stdout);
    // While the program waits for the lock, it reports that it uses .lock files.
    await once(child.stderr, "data");
    // If the program were not waiting, it would have read the incomplete mailbox by now.
    await sleep(300);
    writeFileSync(descriptor, message.slice(-10) + message.replace("one", "two"));
    await release();
    closeSync(descriptor);
    expect((await listed).match(/one|two/g)).toEqual(["one", "two"]);
  });

  test("without koffi, mail does not change a Maildir that another session has locked", async () => {
    cpSync(join(root, "dist"), join(home, "dist"), { recursive: true });
    cpSync(join(root, "bin"), join(home, "bin"), { recursive: true });
    for (const name of ["new", "cur", "tmp"]) mkdirSync(join(home, "box", name), { recursive: true });
    writeFileSync(join(home, "box/cur/1700000000.M1P1.host:2,S"), "Subject: one\n\nbody\n");
    writeFileSync(join(home, ".mailrc"), "set lockwait=0\n");
    const removeFirst = () =>
      spawnSync(process.execPath, ["bin/mail.js", "-n", "--delete", "-f", "box", "id:1700000000.M1P1.host"], {
        cwd: home,
        env: { HOME: home, PATH: process.env["PATH"] ?? "" },
        encoding: "utf8",
      });
    const unlock = await lockMaildir(join(home, "box"), 0);
    expect(removeFirst()).toMatchObject({ status: 75, stderr: expect.stringContaining("box") });
    expect(readdirSync(join(home, "box/cur"))).toEqual(["1700000000.M1P1.host:2,S"]);
    await unlock();
    expect(removeFirst()).toMatchObject({ status: 0 });
    expect(readdirSync(join(home, "box")).sort()).toEqual(["cur", "new", "tmp"]);
  });

  testAsRoot("a mailbox that mail cannot write is opened read-only, and this is reported", () => {
    writeFileSync(spool, message);
    chmodSync(spool, 0o644);
    chmodSync(home, 0o755);
    mkdirSync(join(home, "home"));
    chownSync(join(home, "home"), 65534, 65534);
    // The other user may not be able to read the source directory or Node's directory.
    for (const part of ["dist", "bin"]) cpSync(join(root, part), join(home, part), { recursive: true });
    writeFileSync(join(home, "nobody.cjs"), "process.setgroups([]); process.setgid(65534); process.setuid(65534);\n");
    const argv = ["-r", join(home, "nobody.cjs"), join(home, "bin/mail.js"), "-n", "-f", spool];
    const said = execFileSync(process.execPath, argv, {
      env: { HOME: join(home, "home"), PATH: process.env["PATH"] ?? "" },
      input: "x\n",
      stdio: "pipe",
      cwd: "/",
    }).toString();
    expect(said).toContain("1 message 1 new [Read only]");
  });
});
