/**
 * Tests broken and malicious servers: no unaccepted message is reported as delivered, and no server can exhaust memory
 * or time.
 */
import type { Socket } from "node:net";
import { Readable } from "node:stream";
import { afterEach, expect, test } from "@jest/globals";
import fc from "fast-check";
import { Exit } from "../../src/errors.ts";
import type { Outcome, Outgoing } from "../../src/submit/transport.ts";
import { closeServers, type Script, type ScriptedServer, scriptedServer } from "./scripted-server.ts";
import { submitted, type TestOptions, transportTo } from "./transport-to.ts";

let server: ScriptedServer;
afterEach(closeServers);

const text = "Subject: s\n\nbody\n";
const outgoing: Outgoing = { size: text.length, open: () => Readable.from([Buffer.from(text)]) };
const envelope = { from: "me@test.example", to: ["one@x.org", "two@x.org"] };
const pipelining = "250-test.example\r\n250 PIPELINING";

async function submitTo(script: Script, options: TestOptions = {}): Promise<Outcome> {
  server = await scriptedServer(script);
  return submitted(envelope, outgoing, transportTo(server.port, options));
}

const raw = (bytes: string) => Buffer.from(bytes, "latin1");

/** Returns a reply that is repeated for as long as the client reads. */
function endless(line: string): (command: string, socket: Socket) => string {
  return (_command, socket) => {
    const more = () => {
      while (socket.writable && socket.write(line));
      socket.once("drain", more);
    };
    more();
    return "silent";
  };
}

/** Returns a reply after which the server closes its side of the connection. */
function cutOff(reply: string): (command: string, socket: Socket) => string {
  return (_command, socket) => {
    socket.end(reply);
    return "silent";
  };
}

test("replies may arrive in pieces of any size, with CRLF or LF", async () => {
  const cuts = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(cuts, fc.constantFrom("\r\n", "\n"), async (sizes, end) => {
      const inPieces = async (socket: Socket, reply: Uint8Array) => {
        const bytes = raw(Buffer.from(reply).toString("latin1").replaceAll("\r\n", end));
        for (let from = 0, at = 0; from < bytes.length; at++) {
          const next = from + (sizes[at % sizes.length] as number);
          socket.write(bytes.subarray(from, next));
          from = next;
          await new Promise((resolve) => setImmediate(resolve));
        }
      };
      server = await scriptedServer({}, 0, undefined, (socket, reply) => void inPieces(socket, reply));
      const transport = transportTo(server.port);
      expect(await transport.submit(envelope, outgoing)).toMatchObject({ accepted: envelope.to, queueId: "TEST42" });
      await transport.close();
      await server.close();
    }),
    { numRuns: 8 },
  );
});

const unasked = "the server replied to a command that was not sent";
test.each<[what: string, script: Script, exit: number, said: string]>([
  ["greets forever", { greeting: endless("220 x\r\n") }, Exit.Protocol, unasked],
  [
    "greets with an endless reply",
    { greeting: endless("220-x\r\n") },
    Exit.Protocol,
    "the server's reply does not end",
  ],
  ["greets with a line of 10 MB", { greeting: raw(`220 ${"x".repeat(1e7)}\r\n`) }, Exit.Protocol, "does not end"],
  ["replies to the message before it is sent", { DATA: "354 go\r\n250 taken", dot: "silent" }, Exit.Protocol, unasked],
  ["replies to MAIL twice", { MAIL: "250 ok\r\n250 ok" }, Exit.Protocol, unasked],
  [
    "replies to a whole pipeline at its start",
    { EHLO: pipelining, MAIL: "250 a\r\n250 b\r\n250 c\r\n354 d\r\n250 taken", RCPT: "550 no" },
    Exit.Protocol,
    unasked,
  ],
  ["expects a command after DATA", { DATA: "250 ok", other: "250 ok" }, Exit.Protocol, 'with "250 ok" instead of 354'],
  ["sends an invalid reply", { RCPT: "hello" }, Exit.Protocol, 'not an SMTP reply: "hello"'],
  ["sends two codes in one reply", { RCPT: "250-ok\r\n550 no" }, Exit.Protocol, "not an SMTP reply"],
  ["greets with 1xx", { greeting: "120 wait" }, Exit.Protocol, "120 wait"],
  ["resets the connection", { MAIL: "reset" }, Exit.TempFail, "Connection reset by peer"],
  ["half-closes the connection", { RCPT: "end" }, Exit.TempFail, "the server has closed the connection"],
  [
    "closes the service during the envelope",
    { EHLO: pipelining, RCPT: "421 4.3.2 leaving" },
    Exit.TempFail,
    "421 4.3.2 leaving",
  ],
])("if a server %s, nothing is sent, and the reason is reported", async (_what, script, exit, said) => {
  await expect(submitTo(script)).rejects.toMatchObject({ exit, message: expect.stringContaining(said) });
  expect(server.messages).toEqual([]);
});

test.each(["354 MAIL", "150 MAIL", "354 RCPT", "150 DATA"])("the reply %s is a refusal", async (wrong) => {
  const [code, phase = ""] = wrong.split(" ");
  const { accepted, refused } = await submitTo({ [phase]: `${code} go on` });
  expect(accepted).toEqual([]);
  expect(refused.map(({ exit }) => exit)).toEqual([Exit.Protocol, Exit.Protocol]);
});

test.each<[what: string, dot: Script["dot"], said: string]>([
  ["a closed connection", "close", "the server has closed the connection"],
  ["a half-closed connection", "end", "the server has closed the connection"],
  ["a reset connection", "reset", "Connection reset by peer"],
  ["an interrupted reply", cutOff("250 queu"), "the server has closed the connection"],
  ["an endless reply", endless("250-x\r\n"), "the server's reply does not end"],
  ["an invalid reply", "2", 'not an SMTP reply: "2"'],
  ["the code of another phase", "354 go on", "354 go on"],
])("if the response to the final dot is %s, the outcome is reported as unknown", async (_what, dot, said) => {
  await expect(submitTo({ dot } as Script)).rejects.toMatchObject({
    message: expect.stringMatching(new RegExp(`${said}; the outcome is unknown`)),
  });
  expect(server.messages).toEqual([text]);
});

test("if a recipient was refused before the connection was lost, the outcome for this recipient is known", async () => {
  const { accepted, refused } = await submitTo({
    RCPT: (line) => (line.includes("two") ? "550 5.1.1 who" : "250 ok"),
    dot: "close",
  });
  expect(accepted).toEqual([]);
  expect(refused).toMatchObject([
    { recipient: "two@x.org", reply: "550 5.1.1 who", exit: Exit.NoUser },
    { recipient: "one@x.org", unknown: true, reply: expect.stringContaining("outcome is unknown") },
  ]);
});

test("if an LMTP connection is lost between two replies, the outcome is known for one recipient and unknown for the other", async () => {
  server = await scriptedServer({ other: "250 t", dot: cutOff("250 for one\r\n") });
  const there = { kind: "smtp", protocol: "lmtp", host: "127.0.0.1", port: server.port } as const;
  const transport = transportTo(0, { server: { ...there, socket: undefined, user: undefined } });
  const { accepted, refused } = await transport.submit(envelope, outgoing);
  expect(accepted).toEqual(["one@x.org"]);
  expect(refused).toMatchObject([{ recipient: "two@x.org", unknown: true }]);
});

test("a submission fails if a reply takes longer than smtptimeout", async () => {
  const trickle = (_line: string, socket: Socket): string => {
    const timer = setInterval(() => socket.write("250-x\r\n"), 20);
    socket.once("close", () => clearInterval(timer));
    return "silent";
  };
  const timeouts = { connect: 20_000, silence: 300 };
  await expect(submitTo({ MAIL: trickle }, { timeouts })).rejects.toMatchObject({
    exit: Exit.TempFail,
    message: expect.stringContaining("no reply within 0.3 s (smtptimeout)"),
  });
});

test("if the server sends too few replies to a pipeline of commands, the submission fails after the time limit", async () => {
  const script: Script = { EHLO: pipelining, RCPT: (line) => (line.includes("two") ? "silent" : "250 ok") };
  const timeouts = { connect: 20_000, silence: 300 };
  await expect(submitTo(script, { timeouts })).rejects.toMatchObject({ exit: Exit.TempFail });
  expect(server.messages).toEqual([]);
});

test("a reply is shown without characters that control a terminal", async () => {
  const { refused } = await submitTo({ RCPT: raw("550 \x1b]0;title\x07\x9b2J\0 caf\xc3\xa9 \xff\r\n") });
  expect(refused[0]?.reply).toBe("550 ?]0;title??2J? caf\u00c3\u00a9 \u00ff");
});

test("a connection is reopened after a 421 reply", async () => {
  let turns = 0;
  server = await scriptedServer({ dot: () => (++turns === 1 ? "250 ok\r\n421 idle for too long" : "250 ok") });
  const transport = transportTo(server.port);
  await transport.submit(envelope, outgoing);
  const { accepted } = await transport.submit(envelope, outgoing);
  expect(accepted).toEqual(envelope.to);
  await transport.close();
});
