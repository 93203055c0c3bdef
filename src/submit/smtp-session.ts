/**
 * nodemailer's connection with a message phase of ours: DATA, or BDAT (RFC 3030), which nodemailer does not have.
 *
 * Its own goes through three streams, which cost a small message more than all of the dialogue. Here the pieces of a
 * message are written as they come, waiting where the server is slow, so that a message of any size takes little memory.
 */
import type { SMTPConnectionSendInfo } from "nodemailer/lib/smtp-connection";
import type { Dialogue } from "./dialogue.ts";
import { StrictConnection } from "./strict-connection.ts";
import { WireLines } from "./wire-lines.ts";

type SendInfo = SMTPConnectionSendInfo;
type Envelope = Parameters<StrictConnection["send"]>[0];
type Reply = (error: Error | null, reply?: string) => void;
type Action = (reply: string) => void;

/** A message on its way, in the place of nodemailer's stream. */
interface Transfer {
  outByteCount: number;
  write(message: { readonly pieces: AsyncIterable<Uint8Array> }): void;
  end(): void;
}

/** Bytes of a chunk: RFC 3030 names no limit, Postfix takes any. */
const chunkSize = 1024 * 1024;
/** Bytes that are gathered for one write. */
const writeSize = 64 * 1024;

export class SmtpSession extends StrictConnection {
  readonly #dialogue: Dialogue;
  #chunked = false;
  /** What nodemailer does at the reply to DATA, where BDAT spares that. */
  #afterEnvelope: Action | undefined;
  #answered: { readonly recipient: string; readonly reply: string }[] = [];

  constructor(options: ConstructorParameters<typeof StrictConnection>[0], dialogue: Dialogue) {
    super(options);
    this.#dialogue = dialogue;
  }

  /** What is certain where the connection is lost behind a message: who was refused, and of LMTP each reply that came. */
  get answered(): readonly { readonly recipient: string; readonly reply: string }[] {
    return this.#answered;
  }

  /** @param options.chunked with BDAT; the server must have offered CHUNKING */
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

  /** Says one command. @returns the reply. @throws what nodemailer does when the connection is gone */
  ask(command: string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.once("error", reject);
      this.once("end", () => reject(this.internals._formatError("closed unexpectedly", "ECONNECTION", false, command)));
      this.internals._responseActions.push(resolve);
      this._sendCommand(command);
    });
  }

  /** Says QUIT and waits for the reply, but no longer than some milliseconds, and not for a connection that is gone. */
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

  /** With BDAT no DATA is sent: the message follows once the replies to the envelope are there. */
  override _sendCommand(line: string, shown?: string): void {
    if (this.#chunked && line === "DATA") {
      this.#afterEnvelope = this.internals._responseActions.pop();
      if (!this.internals._envelope.pipelined) this.#endEnvelope();
    } else super._sendCommand(line, shown);
  }

  /** After each reply to MAIL and RCPT. */
  _advanceEnvelope(reply: string, done: Reply): void {
    Reflect.apply(parent._advanceEnvelope, this, [reply, done]);
    if (this.#afterEnvelope !== undefined && this.internals._responseActions.length === 0) this.#endEnvelope();
  }

  #endEnvelope(): void {
    const act = this.#afterEnvelope;
    this.#afterEnvelope = undefined;
    act?.("354 the message may follow");
  }

  /** What nodemailer calls when the envelope is accepted. */
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
      // A reply to half a message. What is left of it may not be read as commands.
      done(error ?? this.internals._formatError("Reply before the end of the message", "EPROTOCOL", false, "DATA"));
      this.close();
    });
    try {
      for await (const { message, last } of onTheWire(pieces, { stuffed: true, size: writeSize })) {
        if (over) return;
        if (this.answeredAhead) return this.outOfStep();
        this.#dialogue.passes(message);
        whole = last;
        if (whole) this.#dialogue.ends("dot");
        if (!(await this.#write(whole ? [message, finalDot] : [message], transfer))) return;
      }
    } catch (error) {
      this.#stop(error, done);
    }
  }

  async #inChunks(pieces: AsyncIterable<Uint8Array>, transfer: Transfer, done: Reply): Promise<void> {
    try {
      for await (const { message, last } of onTheWire(pieces, { stuffed: false, size: chunkSize })) {
        const socket = this._socket;
        if (!socket || this.internals._destroyed) return;
        const answered = last ? this.#awaitReplies(done) : this.#nextReply(socket);
        socket.cork();
        this._sendCommand(`BDAT ${message.length}${last ? " LAST" : ""}`);
        if (this.internals._destroyed) return;
        this.#dialogue.passes(message);
        if (last) this.#dialogue.ends("chunk");
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

  /** The message itself can't be read: half of it is none, and nothing may end it. */
  #stop(error: unknown, done: Reply): void {
    done(this.internals._formatError(error as Error, "ESTREAM", false, "API"));
    this.close();
  }

  /** Of SMTP there is one reply to the whole, of LMTP one for each recipient (RFC 2033, section 4.2). */
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
        if (!this.#dialogue.dotSent) return done(null, reply);
        this.#answered.push({ recipient, reply });
        this.internals._actionLMTPStream(recipient, final, reply, done);
      });
    }
  }

  /** @returns undefined when the connection is gone */
  #nextReply(socket: { once(event: "close", listener: () => void): unknown }): Promise<string | undefined> {
    return new Promise((resolve) => {
      socket.once("close", () => resolve(undefined));
      this.internals._responseActions.push(resolve);
    });
  }

  /** Writes, and waits where the server is slow. @returns false when the connection is gone; nodemailer says why */
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

const finalDot = Buffer.from(".\r\n");

/** A message in pieces of about a size, the last of which is known to be it. */
async function* onTheWire(
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
    yield { message: joined(held), last: false };
    held = [];
    length = 0;
  }
  held.push(lines.end());
  yield { message: joined(held), last: true };
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  return pieces.length === 1 ? (pieces[0] as Uint8Array) : Buffer.concat(pieces);
}
