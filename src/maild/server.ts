import type { AddressInfo, Socket } from "node:net";
import type { SMTPServerDataStream, SMTPServerSession } from "smtp-server";
import { isStorageFull } from "../mailbox/delivery-failure.ts";
import { localDelivery, Refusal } from "./delivery.ts";
import { HeldMessage } from "./held-message.ts";
import { judgeRecipient, type Recipient, refuseMailbox } from "./local-recipients.ts";
import type { Log } from "./log.ts";
import type { Options } from "./maild-options.ts";
import { type Arrival, Cleaner, createQueueId } from "./trace.ts";
import { acceptTypedLines } from "./typed-lines.ts";

export interface Server {
  /** The address in the form ADDRESS:PORT. */
  readonly address: string;
  /**
   * Stops accepting connections, finishes delivering messages that have been received completely, and disconnects the
   * clients.
   */
  close(): Promise<void>;
}

/** Maximum number of hops, as in Postfix (hopcount_limit). */
const mostHops = 50;
/** Maximum size of a message in bytes. */
const largestMessage = 50 * 1024 * 1024;
/** Maximum number of connections per address and of recipients per message, as in Postfix. */
const mostPerAddress = 50;
const mostRecipients = 1000;
/** How long, in milliseconds, deliveries may continue to wait for locks after the signal to stop. */
const patience = 5000;

/** Starts the server. @throws the system's error if the address cannot be bound */
export async function listen(options: Options, log: Log): Promise<Server> {
  const { SMTPServer } = await import("smtp-server");
  const stopping = new AbortController();
  const receive = makeReceiver(options, log, stopping.signal);
  /**
   * Sessions that have sent a complete message. Each promise is settled when the message has been delivered or refused.
   */
  const underWay = new Map<SMTPServerSession, Promise<unknown>>();
  let isClosing = false;

  const server = new SMTPServer({
    name: options.domain,
    banner: "maild",
    heloResponse: "%s",
    size: largestMessage,
    maxRecipients: mostRecipients,
    authOptional: true,
    disabledCommands: ["AUTH", "STARTTLS"],
    disableReverseLookup: true,
    closeTimeout: 200,
    socketTimeout: 300_000,
    onConnect(session, callback) {
      log.write("smtpd", `connect from ${describePeer(session)}`);
      const addresses = [...connections()].map(({ remoteAddress }) => remoteAddress);
      callback(refuseConnection(session, addresses, options, log));
    },
    onRcptTo({ address }, session, callback) {
      callback(replyOfRefusal(address, session, options, log));
    },
    onData(stream, session, callback) {
      const received = receive(stream, session);
      void received.then((finish) => {
        const work = finish().then(
          // The library's types do not permit a string here, but its documentation does: the string becomes the reply.
          (text) => (callback as (error: null, answer: string) => void)(null, text),
          (error: unknown) => callback(error instanceof Refusal ? error : reportInternalError(log, error)),
        );
        underWay.set(session, work);
        void work.finally(() => {
          underWay.delete(session);
          if (isClosing) hangUp();
        });
      });
    },
    onClose(session) {
      // A client that disconnected before the greeting has not been logged.
      if (session.remoteAddress === undefined) return;
      log.write("smtpd", `disconnect from ${describePeer(session)}`);
    },
  });

  const connections = (): Iterable<Connection> => server.connections;
  /**
   * Ends the sessions that have no delivery in progress. A client that has not sent its final dot is not waiting for a
   * reply.
   */
  const hangUp = () => {
    for (const connection of [...connections()]) {
      if (!underWay.has(connection.session)) connection.send(421, "4.3.2 Service shutting down");
    }
  };

  // Above this number, connections are closed without a reply.
  server.server.maxConnections = 2 * options.clients;
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
      isClosing = true;
      server.server.close();
      hangUp();
      const giveUp = setTimeout(() => stopping.abort(new Error("maild is shutting down")), patience);
      await Promise.all(underWay.values());
      clearTimeout(giveUp);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      // The clients have received 421. A client that does not disconnect must not delay the exit.
      const destroy = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, 500);
      await closed;
      clearTimeout(destroy);
    },
  };
}

/** The part of the library's connection class that this module uses. */
interface Connection {
  readonly session: SMTPServerSession;
  readonly remoteAddress: string;
  /** Sends a reply. After 421 it disconnects. */
  send(code: number, text: string): void;
}

/** Returns the refusal for a connection. @param addresses the addresses of all clients, including this one */
function refuseConnection(
  session: SMTPServerSession,
  addresses: readonly string[],
  { clients, domain }: Options,
  log: Log,
): Refusal | undefined {
  const own = addresses.filter((address) => address === session.remoteAddress).length;
  if (own > mostPerAddress) {
    log.write(
      "smtpd",
      `warning: Connection concurrency limit exceeded: ${own} from ${describePeer(session)} for service smtp`,
    );
    return new Refusal(421, `4.7.0 ${domain} Error: too many connections from ${session.remoteAddress}`);
  }
  if (addresses.length <= clients) return undefined;
  log.write("smtpd", `warning: too many clients: ${addresses.length}, the limit is ${clients}`);
  return new Refusal(421, `4.3.2 ${domain} Error: too many clients; try again later`);
}

/**
 * Returns a function that receives a message up to its final dot. The returned function returns a second function. The
 * second function either delivers the message and returns the reply, or throws a Refusal.
 */
function makeReceiver(options: Options, log: Log, signal: AbortSignal) {
  const deliver = localDelivery(options, log, signal);
  return async (stream: SMTPServerDataStream, session: SMTPServerSession): Promise<() => Promise<string>> => {
    const id = createQueueId();
    const arrival = arrivalOf(id, session);
    log.write("smtpd", `${id}: client=${describePeer(session)}`);
    const cleaner = new Cleaner(arrival, options.domain);
    const held = new HeldMessage();
    const failure = await holdMessage(stream, cleaner, held).then(
      () => deliveryFailureInWords(stream, cleaner),
      (error: unknown) => (isStorageFull(error) ? full : { error }),
    );
    return async () => {
      try {
        if (failure !== undefined && "error" in failure) throw failure.error;
        if (failure !== undefined) {
          log.write(
            "cleanup",
            `${id}: reject: ${failure.reason} from ${describePeer(session)}; from=<${arrival.sender}>`,
          );
          throw new Refusal(failure.code, failure.text);
        }
        await deliver(arrival, listAcceptedRecipients(session, options), { messageId: cleaner.messageId, held });
        return `2.0.0 Ok: queued as ${id}`;
      } finally {
        held.close();
      }
    };
  };
}

interface Failure {
  readonly reason: string;
  readonly code: number;
  readonly text: string;
}

const full: Failure = { reason: "no room", code: 452, text: "4.3.1 Insufficient system storage" };

/** Returns the refusal for a received message; undefined if the message is accepted. */
function deliveryFailureInWords(
  { sizeExceeded }: SMTPServerDataStream,
  { isHeaderTooLong, hops }: Cleaner,
): Failure | undefined {
  if (sizeExceeded) return { reason: "message too big", code: 552, text: "5.3.4 Error: message file too big" };
  if (isHeaderTooLong) return { reason: "header too big", code: 552, text: "5.3.4 Error: message header too big" };
  return hops > mostHops ? { reason: "too many hops", code: 554, text: "5.4.0 Error: too many hops" } : undefined;
}

/**
 * Reads a message to its end. After an error, the rest of the message is discarded, so that a reply can be sent.
 *
 * @throws the first error
 */
async function holdMessage(stream: SMTPServerDataStream, cleaner: Cleaner, held: HeldMessage): Promise<void> {
  let failed: { readonly error: unknown } | undefined;
  const keep = (bytes: Buffer) => {
    if (failed === undefined && !stream.sizeExceeded && !cleaner.isHeaderTooLong) held.append(bytes);
    else held.close();
  };
  for await (const piece of stream as AsyncIterable<Buffer>) {
    try {
      keep(cleaner.write(piece));
    } catch (error) {
      failed ??= { error };
    }
  }
  if (failed !== undefined) throw failed.error;
  keep(cleaner.end());
}

/** Returns the reply to a refused recipient, and logs it; undefined if the recipient is accepted. */
function replyOfRefusal(address: string, session: SMTPServerSession, options: Options, log: Log): Refusal | undefined {
  const verdict = judgeRecipient(address, options);
  const refused = "refused" in verdict ? verdict.refused : refuseMailbox(verdict.recipient);
  if (refused === undefined) return undefined;
  const { code, text } = refused;
  const { mailFrom } = session.envelope;
  const from = mailFrom === false ? "" : mailFrom.address;
  const envelope = `from=<${from}> to=<${address}> proto=${nameProtocol(session)} helo=<${session.hostNameAppearsAs}>`;
  log.write("smtpd", `NOQUEUE: reject: RCPT from ${describePeer(session)}: ${code} ${text}; ${envelope}`);
  return new Refusal(code, text);
}

/** Returns the accepted recipients, at most one for each mailbox. */
function listAcceptedRecipients(session: SMTPServerSession, options: Options): Recipient[] {
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
    protocol: nameProtocol(session),
    sender: mailFrom === false ? "" : mailFrom.address,
  };
}

function reportInternalError(log: Log, error: unknown): Refusal {
  log.write("smtpd", `warning: ${error instanceof Error ? error.message : String(error)}`);
  return new Refusal(451, "4.3.0 Error: internal error; try again later");
}

function describePeer(session: SMTPServerSession): string {
  return `${clientName(session)}[${session.remoteAddress}]`;
}

function clientName({ remoteAddress }: SMTPServerSession): string {
  return remoteAddress.startsWith("127.") || remoteAddress === "::1" ? "localhost" : "unknown";
}

function nameProtocol(session: SMTPServerSession): "SMTP" | "ESMTP" {
  return session.transmissionType.startsWith("E") ? "ESMTP" : "SMTP";
}
