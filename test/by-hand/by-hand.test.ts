/** Tests an SMTP dialogue that is read from a script or typed on a terminal, with maild and with a scripted server. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { openPty } from "../../scripts/pty.mjs";
import { openLog } from "../../src/maild/log.ts";
import { listen, type Server } from "../../src/maild/server.ts";
import { type Ended, runMail } from "../run-mail.ts";
import { closeServers, type ScriptedServer, scriptedServer } from "../submit/scripted-server.ts";

let directory: string;
let server: Server;
let scripted: ScriptedServer;
let port: string;
const mail = [process.execPath, join(process.cwd(), "bin/mail.js"), "-n"];
const environment = () => ({
  HOME: directory,
  PATH: process.env["PATH"] ?? "",
  USER: "ana",
  TERM: "xterm",
  NO_COLOR: "1",
});

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "by-hand-"));
  mkdirSync(join(directory, "spool"));
  const options = {
    listen: "127.0.0.1",
    port: 0,
    spool: join(directory, "spool"),
    domain: "dominio",
    users: ["debian"],
    clients: 100,
    stateDirectory: join(directory, "state"),
  };
  server = await listen(options, openLog(join(directory, "mail.log")));
  port = server.address.split(":")[1] as string;
});
afterEach(async () => {
  await closeServers();
  await server.close();
  rmSync(directory, { recursive: true, force: true });
});

function play(lines: readonly string[], to = port, { scheme = "", patience = 30 } = {}): Promise<Ended> {
  const argv = ["-n", "-S", `smtptimeout=${patience}`, "--smtp", `${scheme}127.0.0.1:${to}`];
  return runMail(argv, environment(), lines.map((line) => `${line}\n`).join(""));
}

const envelope = ["ehlo me", "mail from:<ana@dominio>", "rcpt to:<debian@dominio>"];
const delivered = () => readFileSync(join(directory, "spool/debian"), "utf8");

test("the lines of a script are sent unchanged, and both sides are shown", async () => {
  const { exit, out, err } = await play([...envelope, "data", "Subject: x", "", "..one dot", "caf\u00e9", ".", "quit"]);
  expect(exit).toBe(0);
  expect(err).toBe("");
  expect(out).toContain("--- Envelope: the sender\nclient> mail from:<ana@dominio>\nserver> 250 Accepted\n");
  expect(out).toMatch(/client> \.\nserver> 250 2\.0\.0 Ok: queued as (\w+)\n--- Queued as \1; /);
  expect(out).toMatch(/client> quit\nserver> 221 Bye\n$/);
  expect(delivered()).toContain("\n\n.one dot\ncaf\u00e9\n");
});

test("an endless response and a TLS handshake that does not finish are both abandoned", async () => {
  scripted = await scriptedServer({
    greeting: (_line, socket) => {
      const more = () => {
        while (socket.writable && socket.write("220-x\r\n".repeat(1000)));
        socket.once("drain", more);
      };
      more();
      return "silent";
    },
  });
  expect(await play(["quit"], String(scripted.port))).toMatchObject({
    exit: 75,
    err: expect.stringContaining("the server's reply does not end"),
  });
  await scripted.close();
  scripted = await scriptedServer({ greeting: "silent", other: "silent" });
  expect(await play(["quit"], String(scripted.port), { scheme: "smtps://", patience: 2 })).toMatchObject({
    exit: 75,
    err: expect.stringContaining("TLS was not established within 2 s (smtptimeout)"),
  });
});

test("no command is sent before the response to the previous command has arrived", async () => {
  scripted = await scriptedServer({ MAIL: "550 5.7.1 not you" });
  const { exit } = await play([...envelope, "quit"], String(scripted.port));
  expect(scripted.commands).toEqual([...envelope, "quit"]);
  expect(exit).toBe(0);
});

test.each([
  ["a refused message", { dot: "554 5.6.0 no" }, [...envelope, "DATA", "x", ".", "QUIT"], 65, ""],
  ["a refused DATA", { DATA: "451 4.3.0 later" }, [...envelope, "DATA", "QUIT"], 75, ""],
  ["a message without its dot", {}, [...envelope, "DATA", "x"], 65, "a line with a single dot"],
  ["no QUIT", {}, envelope, 76, "without QUIT"],
  ["a server that disconnects", { MAIL: "close" }, envelope, 75, "closed the connection"],
  ["a server that does not respond", { RCPT: "silent" }, envelope, 75, "no reply within 2 s"],
] as const)("the exit code and reason are those of %s", async (_what, script, lines, code, reason) => {
  scripted = await scriptedServer(script);
  const patience = Object.values(script).includes("silent") ? 2 : 30;
  const { exit, err } = await play(lines, String(scripted.port), { patience });
  expect({ exit, err }).toEqual({ exit: code, err: expect.stringContaining(reason) });
});

test.each(["127.0.0.1:99999", "127.0.0.1:smtp", "a b", "local:/x"])(
  "the error message quotes the invalid server %j exactly as it was given",
  (to) => {
    const [program = "", ...argv] = [...mail, "--smtp", to];
    const { status, stderr } = spawnSync(program, argv, { env: environment(), input: "", encoding: "utf8" });
    expect([status, stderr]).toEqual([
      64,
      `mail: --smtp: "${to}" is invalid; use HOST or HOST:PORT, with a port from 1 to 65535\n`,
    ]);
  },
);

test("login secrets are never shown", async () => {
  scripted = await scriptedServer();
  const { out } = await play(
    ["AUTH PLAIN AGFuYQBzZWNyZXQ=", " auth plain AGFuYQBzZWNyZXQ=", "QUIT"],
    String(scripted.port),
  );
  expect(scripted.commands[0]).toBe("AUTH PLAIN AGFuYQBzZWNyZXQ=");
  expect(out).toContain("client> AUTH PLAIN ********\n");
  expect(out).not.toContain("AGFu");
});

test("if a server refuses a message and then disconnects, the exit code is the one for the refusal", async () => {
  scripted = await scriptedServer({ DATA: "554 5.5.1 no valid recipients", other: "close" });
  const { exit, err } = await play([...envelope, "DATA", "Subject: x", "", "text", ".", "QUIT"], String(scripted.port));
  expect({ exit, err }).toEqual({ exit: 69, err: expect.stringContaining("the server has closed the connection") });
});

test("Ctrl-C discards the line and shows a new prompt below it; after Ctrl-D, the error message begins on a new line", async () => {
  scripted = await scriptedServer();
  const argv = [...mail, "--smtp", `127.0.0.1:${scripted.port}`];
  const pty = await openPty({ argv, env: environment(), cwd: directory });
  try {
    await pty.expect("client> ");
    pty.send("half");
    await pty.expect("half");
    pty.send("\x03");
    await pty.expect(/\^C\r\n(?:\x1b\[[\d;?]*\w)*client> /);
    for (const line of ["MAIL FROM:<a@b>", "RCPT TO:<c@d>", "DATA"]) {
      pty.send(`${line}\r`);
      await pty.expect(/server> [\s\S]*client> /);
    }
    pty.send("\rtext\r\x04");
    await pty.expect("\r\nmail: the message was not sent");
  } finally {
    await pty.close();
  }
});

test("a command that was completed with Tab is sent without a trailing space", async () => {
  scripted = await scriptedServer();
  const argv = [...mail, "--smtp", `127.0.0.1:${scripted.port}`];
  const pty = await openPty({ argv, env: environment(), cwd: directory });
  try {
    for (const start of ["eh", "mail", "dat"]) {
      await pty.expect("client> ");
      pty.send(`${start}\t\r`);
      await pty.expect("server> ");
    }
    await pty.expect("client> ");
    pty.send(".\r");
    await pty.expect("client> ");
    pty.send("qu\t\r");
    expect(await pty.exited).toBe(0);
  } finally {
    await pty.close();
  }
  expect(scripted.commands).toEqual([
    expect.stringMatching(/^EHLO \S+$/),
    expect.stringMatching(/^MAIL FROM:<\S+>$/),
    "DATA",
    "QUIT",
  ]);
});

test("on a terminal, `mail` shows each phase and the next command, completes commands with Tab, and warns about a dot in the header", async () => {
  const argv = [...mail, "--smtp", `127.0.0.1:${port}`];
  const pty = await openPty({ argv, env: environment(), cwd: directory });
  try {
    await pty.expect("220 dominio");
    await pty.expect("Next: EHLO");
    await pty.expect("client> ");
    pty.send("eh\t\r");
    await pty.expect("Next: MAIL FROM");
    await pty.expect("client> ");
    pty.send("mail from:<ana@dominio>\r");
    await pty.expect("Next: RCPT TO");
    await pty.expect("client> ");
    pty.send("RCPT TO:<debian@dominio>\r");
    await pty.expect("or DATA");
    await pty.expect("client> ");
    pty.send("DATA\r");
    await pty.expect("A line with a single dot ends the message");
    await pty.expect("client> ");
    pty.send("sub\ttyped\r");
    for (const line of ["", ".hidden"]) {
      await pty.expect("client> ");
      pty.send(`${line}\r`);
    }
    await pty.expect("type two to send one");
    await pty.expect("client> ");
    pty.send(".\r");
    await pty.expect(/Queued as \w+/);
    await pty.expect("client> ");
    pty.send("quit\r");
    await pty.expect("221 Bye");
    expect(await pty.exited).toBe(0);
  } finally {
    await pty.close();
  }
  expect(delivered()).toContain("Subject: typed\n");
  expect(delivered()).toContain("\n\nhidden\n");
});
