/** The acceptance story against a real Postfix, as two users; then the dialogue by hand. */

import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { openPty, type Pty } from "../../scripts/pty.mjs";
import { openDialogue } from "../maild/dialogue.ts";
import { type PrivatePostfix, startPostfix } from "./private-postfix.ts";

interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  readonly env: Record<string, string>;
}

const root = process.cwd();
const patience = 15_000;
let directory: string;
let postfix: PrivatePostfix;
/** The command `mail`, as each user can run it. */
let command: readonly string[];
/** Two accounts that every Debian has. */
let sender: User;
let admin: User;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "mail-postfix-"));
  chmodSync(directory, 0o755);
  postfix = await startPostfix(directory);
  sender = makeUser("games");
  admin = makeUser("root");
  command = runnable();
});

afterAll(() => {
  postfix?.stop();
  rmSync(directory, { recursive: true, force: true });
});

function makeUser(name: string): User {
  const [, , uid = "", gid = ""] = execFileSync("getent", ["passwd", name], { encoding: "utf8" }).split(":");
  const home = join(directory, "home", name);
  mkdirSync(home, { recursive: true });
  const settings = [
    `set mta=smtp://127.0.0.1:${postfix.port}`,
    `set from=${name}@${postfix.domain}`,
    "set ask askcc",
    "",
  ];
  writeFileSync(join(home, ".mailrc"), settings.join("\n"), { mode: 0o600 });
  const ids = { uid: Number(uid), gid: Number(gid) };
  for (const path of [home, join(home, ".mailrc")]) chownSync(path, ids.uid, ids.gid);
  const inbox = join(postfix.spool, name);
  const env = { HOME: home, USER: name, LOGNAME: name, MAIL: inbox, PATH: "/usr/bin:/bin", TERM: "xterm" };
  return { name, home, env, ...ids };
}

function as(user: User, argv: readonly string[]): string[] {
  return ["setpriv", `--reuid=${user.uid}`, `--regid=${user.gid}`, "--clear-groups", ...argv];
}

/** The checkout's program; a copy of it where the checkout or node is closed to the other user. */
function runnable(): readonly string[] {
  const here = [process.execPath, join(root, "bin/mail.js")];
  const [file = "", ...argv] = as(sender, [...here, "-V"]);
  if (spawnSync(file, argv, { cwd: "/", env: sender.env }).status === 0) return here;
  const copy = join(directory, "program");
  for (const name of ["bin", "dist", "package.json", "node_modules/koffi", "node_modules/@koromix"]) {
    if (existsSync(join(root, name)))
      cpSync(join(root, name), join(copy, name), { recursive: true, dereference: true });
  }
  cpSync(process.execPath, join(copy, "node"), { dereference: true });
  execFileSync("chmod", ["-R", "a+rX", copy]);
  return [join(copy, "node"), join(copy, "bin/mail.js")];
}

function pipeMail(user: User, argv: readonly string[], input: string): { status: number | null; said: string } {
  const [file = "", ...rest] = as(user, [...command, ...argv]);
  const { status, stdout, stderr } = spawnSync(file, rest, { cwd: user.home, env: user.env, input, encoding: "utf8" });
  return { status, said: `${stdout}${stderr}` };
}

async function mailOnTerminal(user: User, argv: readonly string[], play: (pty: Pty) => Promise<void>): Promise<number> {
  const pty = await openPty({
    argv: as(user, [...command, ...argv]),
    env: user.env,
    cwd: user.home,
    rows: 24,
    columns: 80,
  });
  try {
    await play(pty);
    return await pty.exited;
  } catch (error) {
    throw new Error(`${String(error)}\n${pty.transcript()}`);
  } finally {
    await pty.close();
  }
}

/** A line, as a person would: the next comes after this one stands there and was taken. */
async function type(pty: Pty, line: string): Promise<void> {
  pty.send(`${line}\r`);
  await pty.expect(`${line}\r\n`, patience);
  await new Promise((resolve) => setTimeout(resolve, 50));
}

/** Until the queue manager says that the message is dealt with. */
async function delivered(id: string): Promise<void> {
  const until = Date.now() + patience;
  while (!postfix.readLog().includes(`${id}: removed`)) {
    if (Date.now() > until) throw new Error(`${id} was not delivered:\n${postfix.readLog()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const queuedAs = /250 2\.0\.0 Ok: queued as (\w+)/;
const content = (path: string) => (existsSync(path) ? readFileSync(path, "utf8") : "");

test("one user sends from a pipe, the other reads, and the message ends in mbox", async () => {
  const sent = pipeMail(
    sender,
    ["-v", "-s", "From a pipe", `root@${postfix.domain}`],
    "the first line\nFrom here on\n",
  );
  expect(sent).toMatchObject({ status: 0 });
  expect(sent.said).toMatch(queuedAs);
  const id = queuedAs.exec(sent.said)?.[1] as string;
  await delivered(id);
  expect(postfix.readLog()).toMatch(
    new RegExp(`local\\[\\d+\\]: ${id}: to=<root@.*status=sent \\(delivered to mailbox\\)`),
  );

  const exit = await mailOnTerminal(admin, [], async (pty) => {
    await pty.expect(/"[^"]*root": 1 message 1 new/, patience);
    await pty.expect(/>[NU] {2}1 games@dominio\.tes .*From a pipe/, patience);
    await pty.expect("& ", patience);
    pty.send("1\r");
    await pty.expect("the first line", patience);
    await pty.expect("& ", patience);
    pty.send("q\r");
  });
  expect(exit).toBe(0);
  const mbox = content(join(admin.home, "mbox"));
  expect(mbox).toMatch(/^From games@dominio\.test /);
  expect(mbox).toMatch(/^Delivered-To: root@dominio\.test$/m);
  expect(mbox).toContain("\n\nthe first line\n>From here on\n");
  expect(content(admin.env["MAIL"] as string)).toBe("");
});

test("the answer goes the other way, typed on a terminal", async () => {
  let id = "";
  const exit = await mailOnTerminal(admin, ["-v", `games@${postfix.domain}`], async (pty) => {
    await pty.expect("Subject: ", patience);
    await type(pty, "Typed");
    await type(pty, "by hand");
    pty.send("\u0004");
    await pty.expect("Cc: ", patience);
    pty.send("\r");
    await pty.expect(queuedAs, patience);
    id = queuedAs.exec(pty.transcript())?.[1] as string;
  });
  expect(exit).toBe(0);
  await delivered(id);
  const read = await mailOnTerminal(sender, ["-N"], async (pty) => {
    await pty.expect("& ", patience);
    pty.send("1\r");
    await pty.expect("by hand", patience);
    await pty.expect("& ", patience);
    pty.send("q\r");
  });
  expect(read).toBe(0);
  expect(content(join(sender.home, "mbox"))).toContain("\n\nby hand\n");
  expect(content(sender.env["MAIL"] as string)).toBe("");
});

test("a user nobody knows: refused, kept in dead.letter", () => {
  const sent = pipeMail(sender, ["-s", "To nobody", `no-such-user@${postfix.domain}`], "kept\n");
  expect(sent.status).not.toBe(0);
  expect(sent.said).toContain("User unknown in local recipient table");
  expect(content(join(sender.home, "dead.letter"))).toContain("kept\n");
});

test("the dialogue by hand, phase by phase", async () => {
  const dialogue = openDialogue(postfix.port);
  expect(await dialogue.say()).toMatch(/^220 dominio\.test ESMTP Postfix/);
  expect(await dialogue.say("helo here")).toBe("250 dominio.test");
  expect(await dialogue.say("EHLO here")).toMatch(/^250-dominio\.test\r\n[\s\S]*^250 /m);
  expect(await dialogue.say("mail from:<games@dominio.test>")).toBe("250 2.1.0 Ok");
  expect(await dialogue.say("RCPT TO:<no-such-user@dominio.test>")).toMatch(/^550 5\.1\.1 .*User unknown/);
  expect(await dialogue.say("RCPT TO:<root@dominio.test>")).toBe("250 2.1.5 Ok");
  expect(await dialogue.say("DATA")).toBe("354 End data with <CR><LF>.<CR><LF>");
  const answer = await dialogue.say(
    ["From: games@dominio.test", "Subject: By hand", "", "..one dot", "."].join("\r\n"),
  );
  expect(answer).toMatch(queuedAs);
  expect(await dialogue.say("QUIT")).toBe("221 2.0.0 Bye");
  await delivered(queuedAs.exec(answer)?.[1] as string);
  expect(content(admin.env["MAIL"] as string)).toContain("\n\n.one dot\n");

  const headers = pipeMail(admin, ["-H"], "");
  expect(headers).toMatchObject({
    status: 0,
    said: expect.stringMatching(/^>[NU] {2}1 games@dominio\.tes .*By hand/),
  });
});
