import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { openPty } from "../../../scripts/pty.mjs";
import { until } from "../../until.ts";
import { message } from "../support/session.ts";

const program = join(dirname(fileURLToPath(import.meta.url)), "../../../bin/mail.js");
let home: string;
const environment = () => ({
  PATH: process.env["PATH"],
  HOME: home,
  MAIL: join(home, "spool"),
  TERM: "dumb",
  TZ: "UTC",
});
const box = ["ann", "bob", "cy", "dee", "eve"].map((who) => message(`${who}@x.org`, who, "O")).join("");

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "mail-resume-"));
  writeFileSync(join(home, "spool"), box);
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const spool = () => readFileSync(join(home, "spool"), "utf8");
const left = () => {
  try {
    return readdirSync(join(home, ".local/state/mail")).filter((name) => name.startsWith("pending-"));
  } catch {
    return [];
  }
};

/** Starts a session on a terminal, and types lines. Resolves when the last line has been executed. */
async function typed(...lines: string[]) {
  const pty = await openPty({ argv: [process.execPath, program, "-N"], env: environment() });
  for (const line of lines) {
    await pty.expect("& ");
    pty.send(`${line}\n`);
  }
  await pty.expect("& ");
  return pty;
}

/** Starts a session, types lines and kills the session. */
async function killed(...lines: string[]): Promise<void> {
  const pty = await typed(...lines);
  process.kill(pty.pid as number, "SIGKILL");
  await pty.exited;
  await pty.close();
}

function piped(input: string) {
  const { stdout, stderr } = spawnSync(process.execPath, [program, "-N"], {
    input,
    env: { ...environment(), MBOX: join(home, "mbox") },
    encoding: "utf8",
  });
  return { stdout: stdout.split("\n").slice(2).join("\n"), stderr };
}

test("a killed session loses nothing, and the next session offers to restore the pending changes", async () => {
  await killed("d 1-3", "p 4", "undo", "p 5");
  expect(spool()).toBe(box);
  const pty = await openPty({ argv: [process.execPath, program, "-N"], env: environment() });
  await pty.expect(/3 deletions and 1 read from a session that ended at \w{3} \w{3} \d+ \d\d:\d\d were not written\./);
  await pty.expect("Restore the changes? [y]es, [n]o, Enter for later: ");
  pty.send("y\n");
  await pty.expect("Resumed: 3 deletions and 1 read");
  await pty.expect("& ");
  expect(left()).toHaveLength(1);
  pty.send("undo\n");
  await pty.expect('Undid "p 5": 1 read');
  await pty.expect("& ");
  pty.send("q\n");
  expect(await pty.exited).toBe(0);
  await pty.close();
  expect(spool()).toBe(["dee", "eve"].map((who) => message(`${who}@x.org`, who, "O")).join(""));
  expect(left()).toEqual([]);
});

test("a session that loses its terminal ends without writing its changes, which stay pending", async () => {
  const pty = await typed("d 1");
  process.kill(pty.pid as number, "SIGHUP");
  await pty.exited;
  await pty.close();
  expect(spool()).toBe(box);
  expect(left()).toHaveLength(1);
});

test("quit and exit leave no pending changes", async () => {
  for (const end of ["q", "x"]) {
    const pty = await typed("d 1");
    expect(left()).toHaveLength(1);
    pty.send(`${end}\n`);
    await pty.exited;
    await pty.close();
    expect(left()).toEqual([]);
  }
});

test("if the input is a pipe, pending changes are not reported, but resume restores them even after new mail has arrived", async () => {
  await killed("d 2", "d 4");
  expect(piped("x\n")).toEqual({ stdout: "", stderr: "" });
  writeFileSync(join(home, "spool"), message("new@x.org", "in front") + box + message("new@x.org", "behind"));
  const { stdout, stderr } = piped("resume\nf *\nx\n");
  expect(stderr).toBe("");
  expect(stdout.match(/\w+@x.org/g)).toEqual(["new@x.org", "ann@x.org", "cy@x.org", "eve@x.org", "new@x.org"]);
  expect(stdout).toMatch(/^Resumed: 2 deletions\n/);
  expect(left()).toEqual([]);
  expect(piped("resume\nx\n")).toEqual({ stdout: "Nothing to resume\n", stderr: "" });
});

test("in a Maildir, the pending changes of identical messages are restored even if another client has renamed the files", async () => {
  rmSync(join(home, "spool"));
  for (const place of ["new", "cur", "tmp"]) mkdirSync(join(home, "spool", place), { recursive: true });
  const file = (name: string) => join(home, "spool/cur", name);
  const stored = message("ann@x.org", "twice").replace(/^From .*\n/, "");
  for (const name of ["1.a.host:2,", "2.b.host:2,"]) writeFileSync(file(name), stored);
  await killed("d 2");
  renameSync(file("2.b.host:2,"), file("2.b.host:2,F"));
  piped("resume\nq\n");
  expect(readdirSync(join(home, "spool/cur"))).toEqual(["1.a.host:2,"]);
});

test("if a session on a terminal reads commands from a pipe, pending changes are reported, and no command is taken as the answer to a question", async () => {
  await killed("d 2");
  const argv = ["/bin/sh", "-c", `printf 'n\nx\n' | "$0" "$1" -NI`, process.execPath, program];
  const pty = await openPty({ argv, env: environment() });
  await pty.expect(/mail: 1 deletion from a session that ended at .* was not written; the resume command restores it/);
  await pty.expect("Message 1:");
  expect(await pty.exited).toBe(0);
  await pty.close();
  expect(left()).toHaveLength(1);
});

test('the answer "no" discards the changes, and an empty answer keeps them for later', async () => {
  await killed("d 2");
  for (const [answer, files] of [
    ["\n", 1],
    ["n\n", 0],
  ] as const) {
    const pty = await openPty({ argv: [process.execPath, program, "-N"], env: environment() });
    await pty.expect("Enter for later: ");
    pty.send(answer);
    await pty.expect("& ");
    pty.send("x\n");
    await pty.exited;
    await pty.close();
    expect(left()).toHaveLength(files);
  }
});

test("the pending changes of a running session are not offered to another session", async () => {
  const pty = await typed("d 1");
  expect(piped("resume\nx\n")).toEqual({ stdout: "Nothing to resume\n", stderr: "" });
  pty.send("x\n");
  await pty.exited;
  await pty.close();
});

test("a session whose input is a pipe does not record its pending changes until it has run for some time", async () => {
  expect(piped("d 1\n!ls $HOME/.local/state/mail | grep -c pending-\nx\n").stdout).toContain("0\n");
  const slow = spawn(process.execPath, [program, "-N"], { env: environment(), stdio: ["pipe", "pipe", "inherit"] });
  slow.stdin.write("d 1\n");
  try {
    // Commands are written until one of them arrives after the time limit.
    const typing = setInterval(() => slow.stdin.write("d 2\nu 2\n"), 100);
    await until(() => left().length > 0);
    clearInterval(typing);
    expect(left()).toHaveLength(1);
  } finally {
    slow.kill("SIGKILL");
  }
});

test("changes that cannot be merged into a rewritten mailbox are reported and kept, and the next session can restore them", async () => {
  writeFileSync(join(home, "editor"), '#!/bin/sh\necho "said anew" >> "$1"\n', { mode: 0o700 });
  const changed = { ...environment(), EDITOR: join(home, "editor"), MBOX: join(home, "mbox") };
  const pty = await openPty({ argv: [process.execPath, program, "-N"], env: changed });
  for (const line of ["d 1 3-4", "e 2", "p 5"]) {
    await pty.expect("& ");
    pty.send(`${line}\n`);
  }
  await pty.expect("& ");
  const other = box.replaceAll("bob@x.org", "rob@x.org");
  writeFileSync(join(home, "spool"), other);
  pty.send("q\n");
  expect(await pty.exited).toBe(75);
  const said = /changed by another program during the session; nothing was written; (.*)/.exec(pty.transcript())?.[1];
  await pty.close();
  expect(said).toMatch(
    /^messages to be deleted: 1, 3-4; messages to be moved to mbox: 2, 5; the marks can be restored when the mailbox is next opened \(resume\); edited messages are in /,
  );
  const [kept = ""] = readdirSync(join(home, ".local/state/mail")).filter((name) => name.startsWith("kept-"));
  expect(said).toContain(kept);
  expect(readFileSync(join(home, ".local/state/mail", kept), "utf8")).toContain("said anew\n");
  expect(spool()).toBe(other);
  expect(piped("resume\nq\n").stdout).toContain("Resumed: 3 deletions and 1 read\n");
  expect(spool()).toBe(message("rob@x.org", "bob", "O"));
});
