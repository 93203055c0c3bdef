import type { AddressInfo, Socket } from "node:net";
import type { SMTPServerDataStream, SMTPServerSession } from "smtp-server";
import { localDelivery, Refusal } from "./delivery.ts";
import type { Log } from "./log.ts";
import type { Options } from "./options.ts";
import { queueId } from "./queue-id.ts";
import { judgeRecipient, type Recipient, refuseMailbox } from "./recipients.ts";
import type { Arrival } from "./trace.ts";
import { acceptTypedLines } from "./typed-lines.ts";

export interface Server {
  /** ADDRESS:PORT */
  readonly address: string;
  /** Takes no more connections, finishes the deliveries under way and hangs up. */
  close(): Promise<void>;
}

/** A message is held in memory until it is delivered. */
const largestMessage = 50 * 1024 * 1024;

/** @throws the system's error when the address can't be had */
export async function listen(options: Options, log: Log): Promise<Server> {
  const { SMTPServer } = await import("smtp-server");
  const receive = reception(options, log);
  const underWay = new Set<Promise<unknown>>();

  const server = new SMTPServer({
    name: options.domain,
    banner: "maild",
    heloResponse: "%s",
    size: largestMessage,
    authOptional: true,
    disabledCommands: ["AUTH", "STARTTLS"],
    disableReverseLookup: true,
    closeTimeout: 200,
    socketTimeout: 300_000,
    onConnect(session, callback) {
      log.write("smtpd", `connect from ${peer(session)}`);
      callback();
    },
    onRcptTo({ address }, session, callback) {
      callback(refusalOf(address, session, options, log));
    },
    onData(stream, session, callback) {
      const work = receive(stream, session).then(
        // The library's type knows no text here; its documentation does, and it becomes the answer.
        (text) => (callback as (error: null, answer: string) => void)(null, text),
        (error: unknown) => callback(error instanceof Refusal ? error : internal(log, error)),
      );
      underWay.add(work);
      void work.finally(() => underWay.delete(work));
    },
    onClose(session) {
      // A client that hung up before the greeting never was in the log.
      if (session.remoteAddress === undefined) return;
      log.write("smtpd", `disconnect from ${peer(session)}`);
    },
  });

  const sockets = new Set<Socket>();
  server.server.prependListener("connection", (socket: Socket) => {
    acceptTypedLines(socket);
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.listen, () => resolve());
  });
  server.removeAllListeners("error");
  server.on("error", (error: Error) => log.write("smtpd", `warning: ${error.message}`));
  const { address, port } = server.server.address() as AddressInfo;
  return {
    address: `${address.includes(":") ? `[${address}]` : address}:${port}`,
    async close() {
      await Promise.all(underWay);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      // They have been told 421 by then; one that does not hang up must not keep the server.
      const patience = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, 500);
      await closed;
      clearTimeout(patience);
    },
  };
}

/** What takes a message, and gives the answer to it. */
function reception(options: Options, log: Log) {
  const deliver = localDelivery(options, log);
  return async (stream: SMTPServerDataStream, session: SMTPServerSession): Promise<string> => {
    const id = queueId();
    const arrival = arrivalOf(id, session);
    log.write("smtpd", `${id}: client=${peer(session)}`);
    const wire = await readAll(stream);
    const failed = stream.sizeExceeded ? "message too big" : hasLoop(wire) ? "too many hops" : "";
    if (failed !== "") {
      log.write("cleanup", `${id}: reject: ${failed} from ${peer(session)}; from=<${arrival.sender}>`);
      if (stream.sizeExceeded) throw new Refusal(552, "5.3.4 Error: message file too big");
      throw new Refusal(554, "5.4.0 Error: too many hops");
    }
    await deliver(arrival, accepted(session, options), wire);
    return `2.0.0 Ok: queued as ${id}`;
  };
}

/** Why a recipient is not taken, which is logged; undefined for one that is. */
function refusalOf(address: string, session: SMTPServerSession, options: Options, log: Log): Refusal | undefined {
  const verdict = judgeRecipient(address, options);
  const refused = "refused" in verdict ? verdict.refused : refuseMailbox(verdict.recipient);
  if (refused === undefined) return undefined;
  const { code, text } = refused;
  const { mailFrom } = session.envelope;
  const from = mailFrom === false ? "" : mailFrom.address;
  const envelope = `from=<${from}> to=<${address}> proto=${protocol(session)} helo=<${session.hostNameAppearsAs}>`;
  log.write("smtpd", `NOQUEUE: reject: RCPT from ${peer(session)}: ${code} ${text}; ${envelope}`);
  return new Refusal(code, text);
}

/** The recipients that RCPT accepted, each mailbox once. */
function accepted(session: SMTPServerSession, options: Options): Recipient[] {
  const found = new Map<string, Recipient>();
  for (const { address } of session.envelope.rcptTo) {
    const verdict = judgeRecipient(address, options);
    if ("refused" in verdict) throw new Refusal(verdict.refused.code, verdict.refused.text);
    if (!found.has(verdict.recipient.spool)) found.set(verdict.recipient.spool, verdict.recipient);
  }
  return [...found.values()];
}

function arrivalOf(id: string, session: SMTPServerSession): Arrival {
  const { mailFrom } = session.envelope;
  return {
    id,
    date: new Date(),
    helo: session.hostNameAppearsAs,
    client: { name: clientName(session), address: session.remoteAddress },
    protocol: protocol(session),
    sender: mailFrom === false ? "" : mailFrom.address,
  };
}

async function readAll(stream: SMTPServerDataStream): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of stream as AsyncIterable<Buffer>) {
    length += piece.length;
    // What is over the limit is read and let go, so that the client gets to hear the answer.
    if (length <= largestMessage) pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/** As many hops as Postfix allows (hopcount_limit). */
function hasLoop(wire: Buffer): boolean {
  const header = wire.toString("latin1").split("\r\n\r\n", 1)[0] ?? "";
  return (header.match(/^Received:/gim)?.length ?? 0) > 50;
}

function internal(log: Log, error: unknown): Refusal {
  log.write("smtpd", `warning: ${error instanceof Error ? error.message : String(error)}`);
  return new Refusal(451, "4.3.0 Error: internal error; try again later");
}

function peer(session: SMTPServerSession): string {
  return `${clientName(session)}[${session.remoteAddress}]`;
}

function clientName({ remoteAddress }: SMTPServerSession): string {
  return remoteAddress.startsWith("127.") || remoteAddress === "::1" ? "localhost" : "unknown";
}

function protocol(session: SMTPServerSession): "SMTP" | "ESMTP" {
  return session.transmissionType.startsWith("E") ? "ESMTP" : "SMTP";
}
