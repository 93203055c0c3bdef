import { Readable } from "node:stream";
import { afterEach, expect, test } from "@jest/globals";
import { Exit } from "../../src/errors.ts";
import type { Outgoing } from "../../src/submit/transport.ts";
import { closeServers, type Script, type ScriptedServer, scriptedServer } from "./scripted-server.ts";
import { submitted, transportTo } from "./transport-to.ts";

let server: ScriptedServer;
afterEach(closeServers);

const text = "Subject: s\n\n.dot\nlast\n";
const outgoing: Outgoing = { size: text.length, open: () => Readable.from([Buffer.from(text)]) };
const envelope = { from: "me@test.example", to: ["one@x.org", "two@x.org"] };

async function submitTo(script: Script, message = outgoing, heard: string[] = []) {
  server = await scriptedServer(script);
  // On a busy machine, even a normal server may reply late.
  const silence = Object.values(script).includes("silent") ? 2_000 : 20_000;
  const witness = (side: string, line: string) => heard.push(`${side} ${line}`);
  return submitted(envelope, message, transportTo(server.port, { timeouts: { connect: 20_000, silence }, witness }));
}

test("a message is accepted, and the queue id is reported", async () => {
  const heard: string[] = [];
  const outcome = await submitTo({}, outgoing, heard);
  expect(outcome).toMatchObject({ accepted: envelope.to, refused: [], queueId: "TEST42" });
  expect(server.messages).toEqual([text]);
  expect(heard).toEqual(
    expect.arrayContaining([
      "phase Greeting",
      "server 220 test.example ESMTP",
      "client EHLO client.example",
      "client MAIL FROM:<me@test.example>",
      "phase DATA: the message follows",
      "note Queued as TEST42",
      "client QUIT",
    ]),
  );
});

test("the transcript shows the header and the start of the body, byte for byte", async () => {
  const heard: string[] = [];
  const body = Buffer.concat([Buffer.from("S: 1\n\n.dot\ncaf\xe9\n", "latin1"), Buffer.from("more\n".repeat(30))]);
  const pieces = [...body].map((byte) => Buffer.of(byte));
  await submitTo({}, { size: body.length, open: () => Readable.from(pieces) }, heard);
  const from = heard.indexOf("phase Header");
  expect(heard.slice(from, from + 6)).toEqual([
    "phase Header",
    "client S: 1",
    "client ",
    "phase Body",
    "client ..dot",
    "client caf\udce9",
  ]);
  expect(heard.filter((line) => line === "client more")).toHaveLength(18);
  expect(heard).toContain("note 12 more lines of the body");
});

test("a server that rejects EHLO is greeted with HELO", async () => {
  await submitTo({ EHLO: "502 no" });
  expect(server.commands).toContain("HELO client.example");
  expect(server.messages).toHaveLength(1);
});

test("a server without 8BITMIME receives the 7-bit form of a message", async () => {
  const seven = { size: 4, open: () => Readable.from([Buffer.from("\nq=\n")]) };
  await submitTo({ EHLO: "250 test.example" }, { ...outgoing, sevenBit: () => seven });
  expect(server.messages).toEqual(["\nq=\n"]);
});

test("a refused recipient is reported with the server's reply, and the others receive the message", async () => {
  const outcome = await submitTo({ RCPT: (line) => (line.includes("two@") ? "550 5.1.1 who?" : "250 ok") });
  expect(outcome.accepted).toEqual(["one@x.org"]);
  expect(outcome.refused).toEqual([{ recipient: "two@x.org", reply: "550 5.1.1 who?", exit: Exit.NoUser }]);
});

test.each([
  ["RCPT", "450 4.2.0 later", Exit.TempFail],
  ["MAIL", "550 5.7.1 not you", Exit.Unavailable],
  ["dot", "554-5.6.0 no\r\n554 5.6.0 never", Exit.DataErr],
] as const)("in response to %s, %j refuses all recipients", async (phase, reply, exit) => {
  const outcome = await submitTo({ [phase]: reply });
  expect(outcome.accepted).toEqual([]);
  expect(outcome.refused.map((each) => each.exit)).toEqual([exit, exit]);
});

test.each([
  ["greeting", "close", Exit.TempFail],
  ["greeting", "silent", Exit.TempFail],
  ["greeting", "554 5.3.2 closed", Exit.Unavailable],
  ["EHLO", "silent", Exit.TempFail],
  ["DATA", "close", Exit.TempFail],
] as const)("at the phase %s, %j fails the submission", async (phase, reply, exit) => {
  await expect(submitTo({ [phase]: reply })).rejects.toMatchObject({ exit });
});

test.each(["close", "silent"])("%j after the final dot leaves the outcome unknown", async (dot) => {
  await expect(submitTo({ dot })).rejects.toMatchObject({
    exit: Exit.TempFail,
    message: expect.stringContaining("outcome is unknown"),
  });
});

test("a reply before the end of the message does not mean that the message was accepted", async () => {
  const large: Outgoing = {
    size: 20_000_000,
    async *open() {
      for (let piece = 0; piece < 200; piece++) yield Buffer.alloc(100_000, "x".repeat(79).concat("\n"));
    },
  };
  server = await scriptedServer({
    DATA: (_line, socket) => {
      setTimeout(() => socket.write("250 2.0.0 taken before it came\r\n"), 10);
      return "354 go on";
    },
  });
  await expect(transportTo(server.port).submit(envelope, large)).rejects.toMatchObject({
    exit: Exit.Protocol,
    message: expect.stringContaining("Reply before the end of the message"),
  });
});

test("a message is accepted even if the server does not reply to QUIT", async () => {
  const outcome = await submitTo({ QUIT: "silent" });
  expect(outcome.refused).toEqual([]);
});

test("localhost is resolved to this host", async () => {
  server = await scriptedServer();
  const { port } = server;
  const there = {
    kind: "smtp",
    protocol: "smtp",
    host: "localhost",
    port,
    socket: undefined,
    user: undefined,
  } as const;
  const { accepted } = await transportTo(port, { server: there }).submit(envelope, outgoing);
  expect(accepted).toEqual(envelope.to);
});

test("an unknown host name is reported", async () => {
  const there = { kind: "smtp", protocol: "smtp", host: "no.such.invalid", port: 25, socket: undefined } as const;
  const lost = transportTo(25, { server: { ...there, user: undefined }, timeouts: { connect: 4000, silence: 4000 } });
  await expect(lost.submit(envelope, outgoing)).rejects.toMatchObject({
    exit: Exit.NoHost,
    message: "no.such.invalid port 25: No such host",
  });
});

test("a refused connection is reported", async () => {
  const gone = await scriptedServer();
  await gone.close();
  const transport = transportTo(gone.port);
  await expect(transport.submit(envelope, outgoing)).rejects.toMatchObject({
    exit: Exit.TempFail,
    message: expect.stringContaining("Connection refused"),
  });
});
