/**
 * Replaces nodemailer's code for sending a message over a connection. The replacement implements the wire format, DATA
 * and BDAT (RFC 3030). Nodemailer does not support BDAT.
 *
 * For a small message, nodemailer's three streams take longer than the whole dialogue. This class writes the pieces as
 * they arrive and waits for a slow server, so that a message of any size needs little memory.
 */
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { SMTPConnectionSendInfo as SendInfo } from "nodemailer/lib/smtp-connection";
import type { SaslMechanism } from "../../connect/sasl.ts";
import type { LoginHandlers } from "../authentication.ts";
import type { Dialogue } from "../dialogue.ts";
import type { ServerWay } from "../transport-settings.ts";
import { ProtocolError } from "./outcome-of-error.ts";
import { StrictConnection } from "./strict-connection.ts";

/** Certificates as PEM text. */
export interface Certificates {
  readonly authorities: readonly string[];
  readonly client?: { readonly certificate: string; readonly key: string };
}

/** The settings for opening a session on a connected socket. */
interface SessionSettings {
  readonly server: ServerWay;
  readonly mailName: string;
  readonly starttls: "required" | "opportunistic" | "none";
  /** The trusted certificates and those of this client; undefined without TLS. */
  readonly certificates: Certificates | undefined;
  readonly minVersion: "TLSv1.2" | "TLSv1.3";
  readonly checkCertificate: boolean;
  /** The handlers for login mechanisms that nodemailer lacks; undefined if there is no login. */
  readonly loginHandlers: LoginHandlers | undefined;
  /** Time limits in milliseconds: for the greeting, for the rest of the connection's setup, and for each reply. */
  readonly timeouts: { readonly greeting: number; readonly setup: number; readonly silence: number };
}

type Envelope = Parameters<StrictConnection["send"]>[0];
type Reply = (error: Error | null, reply?: string) => void;
type Action = (reply: string) => void;

/** Represents a message in transit; used instead of nodemailer's stream. */
interface Transfer {
  outByteCount: number;
  write(message: { readonly pieces: AsyncIterable<Uint8Array> }): void;
  end(): void;
}

/** The chunk size in bytes. RFC 3030 sets no limit, and Postfix accepts any size. */
const chunkSize = 1024 * 1024;
/** The number of bytes that are collected for one write. */
const writeSize = 64 * 1024;

/** A nodemailer connection that sends messages with its own implementation of DATA and BDAT (RFC 3030). */
export class SmtpSession extends StrictConnection {
  #chunked = false;
  /** nodemailer's handler for the reply to DATA. With BDAT there is no such reply. */
  #afterEnvelope: Action | undefined;
  #answered: { readonly recipient: string; readonly reply: string }[] = [];

  /**
   * Opens a session: greeting, EHLO and STARTTLS.
   *
   * @throws nodemailer's errors; see outcome-of-error.ts
   */
  static async open(socket: Socket, settings: SessionSettings, dialogue: Dialogue): Promise<SmtpSession> {
    const { server, starttls, timeouts, certificates } = settings;
    const options = {
      connection: socket,
      host: server.host,
      // Without a server name, nodemailer uses a regular expression, which takes 3 ms to compile, to test whether the
      // host is an IPv6 address.
      ...(isHostName(server.host) ? { servername: server.host } : {}),
      port: server.port,
      name: settings.mailName,
      lmtp: server.protocol === "lmtp",
      secure: server.protocol === "smtps",
      ignoreTLS: starttls === "none",
      requireTLS: starttls === "required",
      opportunisticTLS: starttls === "opportunistic",
      tls: {
        ...(certificates === undefined ? {} : { ca: [...certificates.authorities] }),
        ...(certificates?.client === undefined
          ? {}
          : { cert: certificates.client.certificate, key: certificates.client.key }),
        minVersion: settings.minVersion,
        rejectUnauthorized: settings.checkCertificate,
      },
      connectionTimeout: timeouts.setup,
      greetingTimeout: timeouts.greeting,
      socketTimeout: timeouts.silence,
      socketCloseTimeout: 0,
      customAuth: settings.loginHandlers ?? {},
    };
    const session = new SmtpSession(options, dialogue);
    try {
      await new Promise<void>((resolve, reject) => {
        session.once("error", reject);
        session.connect((error?: Error | null) => (error ? reject(error) : resolve()));
      });
      return session;
    } catch (error) {
      session.close();
      throw error;
    } finally {
      // Later errors are also passed to the callbacks.
      session.on("error", () => {});
    }
  }

  /**
   * Logs in.
   *
   * @throws nodemailer's errors
   */
  async logIn(method: SaslMechanism, user: string, pass: string): Promise<void> {
    // Without credentials at the top level, nodemailer ignores the given mechanism. For XOAUTH2, nodemailer also
    // requires an object, which this program's handler does not use.
    const login = { method, user, pass, credentials: { user, pass } };
    const options = method === "XOAUTH2" ? { ...login, oauth2: {} as never } : login;
    await new Promise<void>((resolve, reject) => {
      this.login(options, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Whether another message can be sent. */
  get isUsable(): boolean {
    return this.stage === "connected" && !this.destroyed;
  }

  /** The encryption of the connection; undefined if there is none. */
  get encryption(): { readonly version: string; readonly untrustedFor: string | undefined } | undefined {
    if (!this.secure) return undefined;
    const socket = this._socket as TLSSocket;
    const untrustedFor = socket.authorized ? undefined : String(socket.authorizationError);
    return { version: socket.getProtocol() ?? "TLS", untrustedFor };
  }

  /**
   * The replies that remain valid if the connection is lost after the message has been sent: refusals of recipients
   * and, in LMTP, one reply per recipient.
   */
  get answered(): readonly { readonly recipient: string; readonly reply: string }[] {
    return this.#answered;
  }

  /**
   * Sends a message.
   *
   * @param options.chunked whether to use BDAT, which requires a server with CHUNKING
   */
  transfer(
    envelope: Envelope,
    pieces: AsyncIterable<Uint8Array>,
    options: { readonly chunked: boolean },
  ): Promise<SendInfo> {
    this.#chunked = options.chunked;
    return new Promise((resolve, reject) => {
      this.send(envelope, { pieces } as never, (error, info) => (error ? reject(error) : resolve(info as SendInfo)));
    });
  }

  /**
   * Sends a command and returns the reply.
   *
   * @throws nodemailer's error if the connection is lost
   */
  ask(command: string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.once("error", reject);
      this.once("end", () => reject(this.internals._formatError("closed unexpectedly", "ECONNECTION", false, command)));
      this.internals._responseActions.push(resolve);
      this._sendCommand(command);
    });
  }

  /** Sends QUIT, and waits at most `limit` milliseconds for the reply or the end of the connection. */
  farewell(limit: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, limit);
      const done = () => {
        clearTimeout(timer);
        resolve();
      };
      this.once("end", done);
      this.internals._responseActions.push(done);
      this._sendCommand("QUIT");
    });
  }

  /** Sends a command. With BDAT, DATA is not sent; the message follows the replies to the envelope. */
  override _sendCommand(line: string, shown?: string): void {
    if (this.#chunked && line === "DATA") {
      this.#afterEnvelope = this.internals._responseActions.pop();
      if (!this.internals._envelope.pipelined) this.#endEnvelope();
    } else super._sendCommand(line, shown);
  }

  /** Processes a reply to MAIL or RCPT. */
  _advanceEnvelope(reply: string, done: Reply): void {
    Reflect.apply(parent._advanceEnvelope, this, [reply, done]);
    if (this.#afterEnvelope !== undefined && this.internals._responseActions.length === 0) this.#endEnvelope();
  }

  #endEnvelope(): void {
    const act = this.#afterEnvelope;
    this.#afterEnvelope = undefined;
    act?.("354 the message may follow");
  }

  /** Returns the stream that nodemailer requests when the envelope has been accepted. */
  _createSendStream(done: Reply): Transfer {
    const transfer: Transfer = {
      outByteCount: 0,
      write: ({ pieces }) =>
        void (this.#chunked ? this.#inChunks(pieces, transfer, done) : this.#data(pieces, transfer, done)),
      end: () => {},
    };
    return transfer;
  }

  async #data(pieces: AsyncIterable<Uint8Array>, transfer: Transfer, done: Reply): Promise<void> {
    let whole = false;
    let over = false;
    this.#awaitReplies((error, reply) => {
      over = true;
      if (whole) return done(error, reply);
      // The server replied before the end of the message. The server must not read the rest of the message as commands.
      const early = new ProtocolError("unexpected reply", "Reply before the end of the message");
      done(error ?? this.internals._formatError(early, "EPROTOCOL", false, "DATA"));
      this.close();
    });
    try {
      for await (const { message, last } of divideIntoBlocks(pieces, { stuffed: true, size: writeSize })) {
        if (over) return;
        if (this.answeredAhead) return this.outOfStep();
        this.dialogue.message(message);
        whole = last;
        if (whole) this.dialogue.messageEnds("dot");
        if (!(await this.#write(whole ? [message, finalDot] : [message], transfer))) return;
      }
    } catch (error) {
      this.#stop(error, done);
    }
  }

  async #inChunks(pieces: AsyncIterable<Uint8Array>, transfer: Transfer, done: Reply): Promise<void> {
    try {
      for await (const { message, last } of divideIntoBlocks(pieces, { stuffed: false, size: chunkSize })) {
        const socket = this._socket;
        if (!socket || this.internals._destroyed) return;
        const answered = last ? this.#awaitReplies(done) : this.#nextReply(socket);
        socket.cork();
        this._sendCommand(`BDAT ${message.length}${last ? " LAST" : ""}`);
        if (this.internals._destroyed) return;
        this.dialogue.message(message);
        if (last) this.dialogue.messageEnds("chunk");
        const written = this.#write([message], transfer);
        socket.uncork();
        if (!(await written)) return;
        const reply = await answered;
        if (last || reply === undefined) return;
        if (reply.startsWith("2")) continue;
        return done(this.internals._formatError("Message failed", "EMESSAGE", reply, "BDAT"));
      }
    } catch (error) {
      this.#stop(error, done);
    }
  }

  /** Stops because the message cannot be read. An incomplete message must not be marked as complete. */
  #stop(error: unknown, done: Reply): void {
    done(this.internals._formatError(error as Error, "ESTREAM", false, "API"));
    this.close();
  }

  /** Waits for the replies to the message: one in SMTP, one per recipient in LMTP (RFC 2033, section 4.2). */
  #awaitReplies(done: Reply): undefined {
    const { _responseActions: actions, _envelope: envelope } = this.internals;
    this.#answered = envelope.rejectedErrors.map(({ recipient, response: reply }) => ({ recipient, reply }));
    if (this.options.lmtp !== true) {
      actions.push((reply) => this.internals._actionSMTPStream(reply, done));
      return;
    }
    const recipients = [...envelope.accepted];
    for (const [at, recipient] of recipients.entries()) {
      const final = at === recipients.length - 1;
      actions.push((reply) => {
        if (!this.dialogue.isDotSent) return done(null, reply);
        this.#answered.push({ recipient, reply });
        this.internals._actionLMTPStream(recipient, final, reply, done);
      });
    }
  }

  /** Returns the next reply, or undefined if the connection is lost. */
  #nextReply(socket: { once(event: "close", listener: () => void): unknown }): Promise<string | undefined> {
    return new Promise((resolve) => {
      socket.once("close", () => resolve(undefined));
      this.internals._responseActions.push(resolve);
    });
  }

  /**
   * Writes the parts and waits for a slow server. Returns false if the connection is lost; nodemailer reports the
   * reason.
   */
  async #write(parts: readonly Uint8Array[], transfer: Transfer): Promise<boolean> {
    const socket = this._socket;
    if (!socket || socket.destroyed || this.internals._destroyed) return false;
    const bytes = parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts);
    transfer.outByteCount += bytes.length;
    if (bytes.length === 0 || socket.write(bytes)) return true;
    return await new Promise((resolve) => {
      const drained = () => settle(true);
      const closed = () => settle(false);
      const settle = (open: boolean) => {
        socket.removeListener("drain", drained);
        socket.removeListener("close", closed);
        resolve(open);
      };
      socket.once("drain", drained);
      socket.once("close", closed);
    });
  }
}

const parent = StrictConnection.prototype as unknown as {
  _advanceEnvelope(reply: string, done: Reply): void;
};

function isHostName(host: string): boolean {
  return /[a-z]/i.test(host) && !host.includes(":");
}

const finalDot = Buffer.from(".\r\n");

/** Yields a message in pieces of about `size` bytes, and marks the last piece. */
async function* divideIntoBlocks(
  pieces: AsyncIterable<Uint8Array>,
  { stuffed, size }: { readonly stuffed: boolean; readonly size: number },
): AsyncIterable<{ readonly message: Uint8Array; readonly last: boolean }> {
  const lines = new WireLines({ stuffed });
  let held: Uint8Array[] = [];
  let length = 0;
  for await (const piece of pieces) {
    const bytes = lines.next(piece);
    held.push(bytes);
    length += bytes.length;
    if (length < size) continue;
    yield { message: joinPieces(held), last: false };
    held = [];
    length = 0;
  }
  held.push(lines.end());
  yield { message: joinPieces(held), last: true };
}

function joinPieces(pieces: readonly Uint8Array[]): Uint8Array {
  return pieces.length === 1 ? (pieces[0] as Uint8Array) : Buffer.concat(pieces);
}

const carriageReturn = 13;
const lineFeed = 10;
const dot = 46;

/**
 * Converts a message to the wire format (RFC 5321, sections 2.3.8 and 4.5.2): lines end with CRLF, and for DATA a leading
 * dot is doubled.
 */
export class WireLines {
  readonly #stuffed: boolean;
  /** The last byte that was sent; undefined at the start. */
  #last: number | undefined;

  /** @param options.stuffed whether a dot at the start of a line is doubled, which DATA requires and BDAT does not */
  constructor(options: { readonly stuffed: boolean }) {
    this.#stuffed = options.stuffed;
  }

  /**
   * Returns a piece in wire format. The piece is copied only if it changes.
   *
   * A lone CR also ends a line. Otherwise, a server that accepts CR as a line ending would mistake `CR . CR` for the
   * end of the message.
   */
  next(piece: Uint8Array): Uint8Array {
    let last = this.#last;
    let from = 0;
    let parts: Uint8Array[] | undefined;
    for (let at = 0; at < piece.length; at++) {
      const byte = piece[at] as number;
      const inserted = this.#before(byte, last);
      if (inserted !== undefined) {
        parts ??= [];
        parts.push(piece.subarray(from, at), inserted);
        from = at;
      }
      last = byte;
    }
    this.#last = last;
    if (parts === undefined) return piece;
    parts.push(piece.subarray(from));
    return Buffer.concat(parts);
  }

  /** Returns the line ending that the last line lacks; empty if the last line has one. */
  end(): Uint8Array {
    if (this.#last === carriageReturn) return insertions.lineFeed;
    return this.#last === lineFeed || this.#last === undefined ? insertions.nothing : insertions.lineEnd;
  }

  #before(byte: number, last: number | undefined): Uint8Array | undefined {
    if (byte === lineFeed) return last === carriageReturn ? undefined : insertions.carriageReturn;
    if (last === carriageReturn) return this.#stuffed && byte === dot ? insertions.lineFeedDot : insertions.lineFeed;
    if (!this.#stuffed || byte !== dot) return undefined;
    return last === lineFeed || last === undefined ? insertions.dot : undefined;
  }
}

const insertions = {
  nothing: Buffer.alloc(0),
  lineEnd: Buffer.from("\r\n"),
  lineFeed: Buffer.from("\n"),
  lineFeedDot: Buffer.from("\n."),
  carriageReturn: Buffer.from("\r"),
  dot: Buffer.from("."),
};
