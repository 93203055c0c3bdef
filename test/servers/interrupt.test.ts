/** Tests Ctrl-C while the built program is waiting for a slow server. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { openPty, type Pty } from "../../scripts/pty.mjs";
import { runMail } from "../run-mail.ts";
import { prepareHome } from "./dovecot.ts";
import { type LyingServer, type Script, startLyingServer } from "./lying-server.ts";

const program = join(import.meta.dirname, "../../bin/mail.js");

let home: string;
let server: LyingServer;
let pty: Pty | undefined;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "mail-interrupt-"));
  writeFileSync(join(home, ".mailrc"), `set ${prepareHome(home)}\n`);
  writeFileSync(join(home, "box"), "From ann@x.example Thu Jan  1 00:00:00 1970\nSubject: local\n\ntext\n\n");
});
afterEach(async () => {
  await pty?.close();
  await server.close();
  rmSync(home, { recursive: true });
});

async function startSession(...words: readonly string[]): Promise<Pty> {
  const env = { PATH: process.env["PATH"], HOME: home, TERM: "xterm", TZ: "UTC", LANG: "C.UTF-8" };
  pty = await openPty({ argv: [process.execPath, program, ...words], env, cwd: home });
  return pty;
}

/** Returns a promise, and a function that resolves the promise. */
function makeSignal(): { readonly reached: Promise<void>; readonly reach: () => void } {
  let reach = () => {};
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  return { reached, reach };
}

/** Returns a script's `answer` that never responds to the given commands, and calls `reach` when one arrives. */
function ignoreCommand(reach: () => void, isIgnored: (line: string) => boolean) {
  return (line: string) => {
    if (!isIgnored(line)) return undefined;
    reach();
    return "silent";
  };
}

test.each(["p 1", "save 1 saved"])("Ctrl-C ends %s, and the session continues", async (command) => {
  let isSlow = true;
  const { reached, reach } = makeSignal();
  server = await startLyingServer({
    certificate: "localhost",
    messages: [{ uid: 1, text: "From: ann@x.example\nSubject: one\n\ntext of one\n" }],
    answer: ignoreCommand(reach, (line) => isSlow && line.includes("BODY.PEEK[]")),
  });
  const terminal = await startSession("-N", "-f", `imaps://ann@localhost:${server.port}/INBOX`);
  await terminal.expect("& ");
  terminal.send(`${command}\n`);
  await reached;
  terminal.send("\x03");
  await terminal.expect("Interrupt");
  await terminal.expect("& ");
  isSlow = false;
  terminal.send("p 1\n");
  await terminal.expect("text of one");
  terminal.send("x\n");
  expect(await terminal.exited).toBe(0);
});

const waits: readonly (readonly [string, (reach: () => void) => Script])[] = [
  [
    "sends no greeting",
    (reach) => ({
      onConnection: reach,
      greeting: "silent",
    }),
  ],
  ...["AUTHENTICATE", "SELECT", "UID SEARCH"].map(
    (command) =>
      [
        `does not respond to ${command}`,
        (reach: () => void): Script => ({
          answer: ignoreCommand(reach, (line) => line.startsWith(command)),
        }),
      ] as const,
  ),
];

test.each(waits)("Ctrl-C stops the attempt to open a folder if the server %s", async (_title, makeScript) => {
  const { reached, reach } = makeSignal();
  server = await startLyingServer({
    certificate: "localhost",
    messages: [{ uid: 1, text: "Subject: one\n\ntext\n" }],
    ...makeScript(reach),
  });
  const folder = `imaps://ann@localhost:${server.port}/INBOX`;
  const terminal = await startSession("-N", "-f", "box");
  await terminal.expect("& ");
  terminal.send(`folder ${folder}\n`);
  await reached;
  terminal.send("\x03");
  await terminal.expect("interrupted; the mailbox was not changed");
  await terminal.expect("& ");
  terminal.send("f 1\n");
  await terminal.expect("local");
  terminal.send("x\n");
  expect(await terminal.exited).toBe(0);
});

test.each(["LIST", "AUTHENTICATE"])(
  "Ctrl-C ends the folders command if the server does not respond to %s",
  async (word) => {
    const { reached, reach } = makeSignal();
    server = await startLyingServer({
      certificate: "localhost",
      answer: ignoreCommand(reach, (line) => line.startsWith(word)),
    });
    const terminal = await startSession("-N", "-S", `folder=imaps://ann@localhost:${server.port}`, "-f", "box");
    await terminal.expect("& ");
    terminal.send("folders\n");
    await reached;
    terminal.send("\x03");
    await terminal.expect("interrupted; no folder was listed");
    await terminal.expect("& ");
    terminal.send("x\n");
    expect(await terminal.exited).toBe(0);
  },
);

test("Ctrl-C ends mail if the server that -f names does not respond", async () => {
  const { reached, reach } = makeSignal();
  server = await startLyingServer({ certificate: "localhost", greeting: "silent", onConnection: reach });
  const terminal = await startSession("-N", "-f", `imaps://ann@localhost:${server.port}/INBOX`);
  await reached;
  terminal.send("\x03");
  await terminal.expect("interrupted; the mailbox was not changed");
  expect(await terminal.exited).toBe(75);
});

test.each(["copy", "save"])("Ctrl-C ends %s if the server does not respond to APPEND", async (command) => {
  const { reached, reach } = makeSignal();
  server = await startLyingServer({
    certificate: "localhost",
    answer: ignoreCommand(reach, (line) => line.startsWith("APPEND")),
  });
  const folder = `imaps://ann@localhost:${server.port}/INBOX`;
  const terminal = await startSession("-N", "-f", "box");
  await terminal.expect("& ");
  terminal.send(`${command} 1 ${folder}\n`);
  await reached;
  terminal.send("\x03");
  await terminal.expect("interrupted; the server did not respond, and may have stored another message");
  await terminal.expect("& ");
  terminal.send("x\n");
  expect(await terminal.exited).toBe(0);
});

test.each([
  ["copy", "UID COPY"],
  ["move", "UID MOVE"],
])("Ctrl-C ends %s between folders on a server that does not respond to %s", async (command, word) => {
  const { reached, reach } = makeSignal();
  server = await startLyingServer({
    certificate: "localhost",
    messages: [{ uid: 1, text: "Subject: one\n\ntext\n" }],
    answer: ignoreCommand(reach, (line) => line.startsWith(word)),
  });
  const base = `imaps://ann@localhost:${server.port}`;
  const terminal = await startSession("-N", "-f", `${base}/INBOX`);
  await terminal.expect("& ");
  terminal.send(`${command} 1 ${base}/Other\n`);
  await reached;
  terminal.send("\x03");
  await terminal.expect("the server may have copied the messages");
  await terminal.expect("& ");
  terminal.send("x\n");
  expect(await terminal.exited).toBe(0);
});

test.each([
  ["NOOP", "Resumed: 1 deletion"],
  ["UID STORE", "Resumed: 1 deletion"],
  // The server has already stored the mark.
  ["UID EXPUNGE", "1 deleted"],
])(
  "Ctrl-C ends a quit if the server does not respond to %s, and the next session removes the message",
  async (word, shown) => {
    let isSlow = true;
    const { reached, reach } = makeSignal();
    server = await startLyingServer({
      certificate: "localhost",
      messages: [1, 2].map((uid) => ({ uid, text: `Subject: number ${uid}\n\ntext\n` })),
      answer: ignoreCommand(reach, (line) => isSlow && line.startsWith(word)),
    });
    const folder = `imaps://ann@localhost:${server.port}/INBOX`;
    const interrupted = await startSession("-N", "-f", folder);
    await interrupted.expect("& ");
    interrupted.send("d 1\n");
    await interrupted.expect("& ");
    interrupted.send("q\n");
    await reached;
    interrupted.send("\x03");
    await interrupted.expect(`${folder}: interrupted; the server did not respond; the marks can be restored`);
    expect(await interrupted.exited).toBe(75);
    isSlow = false;
    const env = { PATH: process.env["PATH"], HOME: home, TZ: "UTC" };
    const { out, exit } = await runMail(["-N", "-f", folder], env, "resume\nq\n");
    expect([exit, out.includes(shown)]).toEqual([0, true]);
    expect(server.folders.get("INBOX")?.map(({ uid }) => uid)).toEqual([2]);
  },
);

test.each(["UID SEARCH", "UID STORE"])(
  "Ctrl-C ends move if the server does not respond to %s, and no message is moved",
  async (word) => {
    let isSlow = false;
    const { reached, reach } = makeSignal();
    server = await startLyingServer({
      certificate: "localhost",
      messages: [{ uid: 1, text: "Subject: one\n\ntext of one\n" }],
      answer: ignoreCommand(reach, (line) => isSlow && line.startsWith(word)),
    });
    const base = `imaps://ann@localhost:${server.port}`;
    const terminal = await startSession("-N", "-f", `${base}/INBOX`);
    await terminal.expect("& ");
    terminal.send("p 1\n");
    await terminal.expect("text of one");
    await terminal.expect("& ");
    isSlow = true;
    terminal.send(`move 1 ${base}/Other\n`);
    await reached;
    terminal.send("\x03");
    await terminal.expect("interrupted; the server did not respond");
    await terminal.expect("& ");
    isSlow = false;
    terminal.send("q\n");
    expect(await terminal.exited).toBe(0);
    expect(server.folders.get("INBOX")?.length).toBe(1);
  },
);

test("Ctrl-C ends a quit if the server does not respond to the login on a new connection", async () => {
  let isSlow = false;
  let logins = 0;
  const { reached, reach } = makeSignal();
  const ignoreSecondLogin = ignoreCommand(reach, (line) => line.startsWith("AUTHENTICATE") && ++logins >= 2);
  server = await startLyingServer({
    certificate: "localhost",
    messages: [{ uid: 1, text: "Subject: one\n\ntext\n" }],
    answer: (line) => (line.startsWith("NOOP") && isSlow ? "close" : ignoreSecondLogin(line)),
  });
  const folder = `imaps://ann@localhost:${server.port}/INBOX`;
  const terminal = await startSession("-N", "-f", folder);
  await terminal.expect("& ");
  terminal.send("d 1\n");
  await terminal.expect("& ");
  isSlow = true;
  terminal.send("q\n");
  await reached;
  terminal.send("\x03");
  await terminal.expect(`${folder}: interrupted; the server did not respond; the marks can be restored`);
  expect(await terminal.exited).toBe(75);
});

test("Tab waits only a short time for a server that does not respond", async () => {
  const { reached, reach } = makeSignal();
  server = await startLyingServer({
    certificate: "localhost",
    answer: ignoreCommand(reach, (line) => line.startsWith("LIST")),
  });
  const terminal = await startSession("-N", "-S", `folder=imaps://ann@localhost:${server.port}`, "-f", "box");
  await terminal.expect("& ");
  terminal.send("folder +ab\t");
  await reached;
  terminal.send("\x15f 1\n");
  await terminal.expect("local");
  terminal.send("x\n");
  expect(await terminal.exited).toBe(0);
});
