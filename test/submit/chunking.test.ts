/** Tests BDAT (RFC 3030) with a server that counts the bytes of chunks, and tests the wire format of lines. */
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { afterEach, expect, test } from "@jest/globals";
import fc from "fast-check";
import { WireLines } from "../../src/submit/nodemailer/smtp-session.ts";
import type { SmtpTransport } from "../../src/submit/smtp.ts";
import type { Outgoing } from "../../src/submit/transport.ts";
import { type TestOptions, transportTo } from "./transport-to.ts";

interface Took {
  readonly commands: string[];
  message: Buffer;
}

const servers: Server[] = [];
let transport: SmtpTransport | undefined;
const sockets = new Set<Socket>();
afterEach(async () => {
  await transport?.close();
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  for (const server of servers.splice(0)) server.close();
});

/**
 * Starts a server.
 *
 * @param answer returns the reply to a command or to the chunk that a BDAT command announced, or "close" to end the
 * connection
 */
async function chunkServer(took: Took, answer: (command: string) => string | undefined): Promise<number> {
  const server = createServer((socket: Socket) => {
    sockets.add(socket);
    let unread = Buffer.alloc(0);
    let chunk: { command: string; left: number } | undefined;
    const say = (command: string, usual: string) => {
      const reply = answer(command) ?? usual;
      if (reply === "close") socket.destroy();
      else socket.write(`${reply}\r\n`);
    };
    socket.on("error", () => {});
    socket.write("220 chunks\r\n");
    socket.on("data", (piece: Buffer) => {
      unread = Buffer.concat([unread, piece]);
      for (;;) {
        if (chunk !== undefined) {
          const bytes = unread.subarray(0, chunk.left);
          took.message = Buffer.concat([took.message, bytes]);
          unread = unread.subarray(bytes.length);
          chunk.left -= bytes.length;
          if (chunk.left > 0) return;
          say(chunk.command, "250 2.0.0 ok");
          chunk = undefined;
        }
        const end = unread.indexOf("\r\n");
        if (end < 0) return;
        const command = unread.toString("latin1", 0, end);
        unread = unread.subarray(end + 2);
        took.commands.push(command);
        const [, size] = /^BDAT (\d+)/.exec(command) ?? [];
        if (size !== undefined) chunk = { command, left: Number(size) };
        else say(command, /^[EL]HLO/.test(command) ? "250-x\r\n250-8BITMIME\r\n250 CHUNKING" : "250 ok");
      }
    });
  }).listen(0, "127.0.0.1");
  servers.push(server);
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

const message = (text: string | Buffer): Outgoing => ({
  size: text.length,
  async *open() {
    yield Buffer.from(text);
  },
});

async function send(
  text: string | Buffer,
  answer: (command: string) => string | undefined,
  options: TestOptions & { lmtp?: true; to?: string[] } = {},
) {
  const took: Took = { commands: [], message: Buffer.alloc(0) };
  const port = await chunkServer(took, answer);
  const { to = ["one@x.org"], lmtp, ...said } = options;
  const protocol = lmtp === true ? "lmtp" : "smtp";
  const there = { kind: "smtp", protocol, host: "127.0.0.1", port, socket: undefined, user: undefined } as const;
  transport = transportTo(port, {
    server: there,
    chunking: "always",
    ...said,
  });
  const outcome = await transport.submit({ from: "me@x.org", to }, message(text)).catch((error: Error) => error);
  return { outcome, took };
}

const bdat = ({ commands }: Took) => commands.filter((line) => /^(BDAT|DATA)/.test(line));
const pipelining = (command: string) =>
  command.startsWith("EHLO") ? "250-x\r\n250-PIPELINING\r\n250 CHUNKING" : undefined;

test.each([
  ["a server with PIPELINING", pipelining],
  ["a server without PIPELINING", () => undefined],
])("a message is sent in one chunk without dot-stuffing and without a final dot: %s", async (_name, answer) => {
  const { outcome, took } = await send("Subject: s\n\n.one\n..two\n.\n", answer);
  expect(outcome).toMatchObject({ accepted: ["one@x.org"] });
  expect(took.message.toString()).toBe("Subject: s\r\n\r\n.one\r\n..two\r\n.\r\n");
  expect(bdat(took)).toEqual(["BDAT 30 LAST"]);
});

test("three megabytes are sent in chunks, and each chunk waits for the reply to the previous one", async () => {
  const text = `Subject: s\n\n${"0123456789abcde\n".repeat(200_000)}`;
  const { outcome, took } = await send(text, pipelining);
  expect(outcome).toMatchObject({ accepted: ["one@x.org"] });
  expect(took.message.toString()).toBe(text.replaceAll("\n", "\r\n"));
  expect(bdat(took).length).toBeGreaterThan(1);
  expect(bdat(took).filter((line) => line.endsWith("LAST"))).toEqual(bdat(took).slice(-1));
});

test("by default, only large messages are sent in chunks", async () => {
  const { took } = await send("Subject: s\n\ntext\n", (line) => (line === "DATA" ? "close" : undefined), {
    chunking: "large",
  });
  expect(bdat(took)).toEqual(["DATA"]);
});

test("after a refused chunk, nothing more is sent, and the server's reply determines the exit code", async () => {
  const answer = (line: string) => (line.startsWith("BDAT") ? "552 5.2.2 mailbox full" : pipelining(line));
  const { outcome, took } = await send("x".repeat(79).concat("\n").repeat(40_000), answer);
  expect(outcome).toMatchObject({ accepted: [], refused: [{ reply: "552 5.2.2 mailbox full", exit: 69 }] });
  expect(bdat(took)).toHaveLength(1);
});

test("if all recipients are refused, no chunk is sent", async () => {
  const answer = (line: string) => (line.startsWith("RCPT") ? "550 5.1.1 who" : pipelining(line));
  const { outcome, took } = await send("text\n", answer);
  expect(outcome).toMatchObject({ refused: [{ recipient: "one@x.org", reply: "550 5.1.1 who", exit: 67 }] });
  expect(bdat(took)).toEqual([]);
});

test("if the connection is lost after the last chunk, the outcome is unknown; if it is lost earlier, the message was not sent", async () => {
  const last = await send("text\n", (line) => (line.endsWith("LAST") ? "close" : pipelining(line)));
  expect(last.outcome).toMatchObject({ message: expect.stringContaining("outcome is unknown"), exit: 75 });
  const large = Buffer.alloc(3_000_000, "x".repeat(79).concat("\n"));
  const first = await send(large, (line) => (line.startsWith("BDAT") ? "close" : pipelining(line)));
  expect(first.outcome).toMatchObject({ message: expect.not.stringContaining("outcome is unknown"), exit: 75 });
});

test("in LMTP, the last chunk has one reply per recipient", async () => {
  const answer = (line: string) =>
    line.endsWith("LAST") ? "250 2.1.5 one\r\n550 5.1.1 two is full" : line.startsWith("BDAT") ? "250 ok" : undefined;
  const { outcome } = await send("x".repeat(79).concat("\n").repeat(20_000), answer, {
    lmtp: true,
    to: ["one@x.org", "two@x.org"],
  });
  expect(outcome).toMatchObject({ accepted: ["one@x.org"], refused: [{ recipient: "two@x.org", exit: 67 }] });
});

test("-v shows each BDAT command, and shows the message only once", async () => {
  const said: string[] = [];
  await send("Subject: s\n\n.text\n", pipelining, { witness: (side, line) => said.push(`${side} ${line}`) });
  const from = said.findIndex((line) => line.startsWith("phase BDAT"));
  expect(said.slice(from)).toEqual([
    "phase BDAT: the message follows, in chunks of a known size",
    "client BDAT 21 LAST",
    "phase Header",
    "client Subject: s",
    "client ",
    "phase Body",
    "client .text",
    "server 250 2.0.0 ok",
  ]);
});

test("in wire format, lines end with CRLF and a leading dot is doubled, regardless of the sizes of the pieces", () => {
  const reference = (text: string) => {
    const lines = text.replace(/\r\n|\r|\n/g, "\n").split("\n");
    if (lines.at(-1) === "") lines.pop();
    return lines.map((line) => `${line.replace(/^\./, "..")}\r\n`).join("");
  };
  const texts = fc.array(fc.constantFrom("a", ".", "\r", "\n", "\r\n", "\r.", "\n."), { maxLength: 12 });
  fc.assert(
    fc.property(texts, fc.integer({ min: 1, max: 5 }), (words, step) => {
      const text = words.join("");
      const wire = new WireLines({ stuffed: true });
      const out: Uint8Array[] = [];
      for (let at = 0; at < text.length; at += step) out.push(wire.next(Buffer.from(text.slice(at, at + step))));
      out.push(wire.end());
      expect(Buffer.concat(out).toString()).toBe(reference(text));
    }),
    { numRuns: 2000 },
  );
});
