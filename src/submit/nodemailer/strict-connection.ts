/**
 * Extends nodemailer's connection with checks of the server's replies. Each reply must be valid (RFC 5321, section
 * 4.2), must follow a command, and must be complete.
 *
 * nodemailer matches replies to commands by counting. Without these checks, a surplus "250 ok" would be mistaken for
 * the reply to a message that the server never received.
 */
import type { Socket } from "node:net";
import SMTPConnection from "nodemailer/lib/smtp-connection";
import type { Dialogue } from "../dialogue.ts";
import { replyOnOneLine } from "../replies.ts";
import { ProtocolError } from "./outcome-of-error.ts";

type Done = (error: Error | null, reply?: string) => void;

/** nodemailer's private members that this directory uses; test/submit/nodemailer.test.ts checks that they exist. */
export interface Internals {
  readonly _envelope: {
    readonly accepted: readonly string[];
    readonly rejectedErrors: readonly { readonly recipient: string; readonly response: string }[];
    readonly pipelined: boolean;
  };
  readonly _destroyed: boolean;
  readonly _socket: Socket | false;
  readonly _responseActions: ((reply: string) => void)[];
  readonly _responseQueue: readonly string[];
  readonly _responsePartial: boolean;
  readonly _remainder: string;
  _formatError(error: Error | string, code: string, reply: string | false, command: string): Error;
  _onError(error: Error, code: string, reply: string | false, command: string): void;
  _actionSMTPStream(reply: string, done: Done): void;
  _actionLMTPStream(recipient: string, final: boolean, reply: string, done: Done): void;
}

/** Checks that each of the server's replies is valid (RFC 5321, section 4.2) and follows a command. */
export class StrictConnection extends SMTPConnection {
  /** The time at which the incomplete reply began, in milliseconds since 1970. */
  #begun: number | undefined;
  /** Records the facts of the dialogue. */
  protected readonly dialogue: Dialogue;

  constructor(options: ConstructorParameters<typeof SMTPConnection>[0], dialogue: Dialogue) {
    super(options);
    this.dialogue = dialogue;
  }

  protected get internals(): Internals {
    return this as unknown as Internals;
  }

  /** Whether the server has replied to a command that was not sent. A 421 reply may arrive at any time. */
  protected get answeredAhead(): boolean {
    const { _responseQueue: replies, _remainder: rest } = this.internals;
    return [...replies, rest].some((reply) => reply.trim() !== "" && !reply.startsWith("421"));
  }

  /** Closes a connection on which replies can no longer be matched to commands. */
  protected outOfStep(): void {
    const error = new ProtocolError("unexpected reply", "the server replied to a command that was not sent");
    this.internals._onError(error, "EPROTOCOL", false, "CONN");
  }

  _sendCommand(line: string, shown?: string): void {
    if (this.answeredAhead) {
      this.outOfStep();
      return;
    }
    const socket = this.internals._socket;
    if (!this.internals._destroyed && socket !== false && !socket.destroyed) this.dialogue.command(line);
    Reflect.apply(parent._sendCommand, this, [line, shown]);
  }

  /**
   * Processes received bytes. nodemailer's timer restarts with each byte; this check limits the time for a complete
   * reply.
   */
  _onData(bytes: Buffer): void {
    Reflect.apply(parent._onData, this, [bytes]);
    const { _responsePartial: open, _remainder: rest } = this.internals;
    if (!open && rest === "") this.#begun = undefined;
    else this.#begun ??= Date.now();
    const limit = this.options.socketTimeout ?? Number.POSITIVE_INFINITY;
    if (this.#begun !== undefined && Date.now() - this.#begun > limit) this._onTimeout();
  }

  _onTimeout(): void {
    Reflect.apply(parent._onTimeout, this, []);
  }

  _processResponse(): void {
    const [reply = ""] = this.internals._responseQueue;
    if (reply.trim() === "" || this.internals._responsePartial) {
      Reflect.apply(parent._processResponse, this, []);
    } else if (isReply(reply)) {
      this.dialogue.reply(decodeReply(reply));
      Reflect.apply(parent._processResponse, this, []);
    } else {
      this.internals._onError(new ProtocolError("not SMTP", replyOnOneLine(reply)), "EPROTOCOL", false, "CONN");
    }
  }

  /** Handles the end of the connection. The last reply may lack its newline. */
  _onClose(): void {
    const rest = this.internals._remainder.trim();
    if (rest !== "") this.dialogue.reply(decodeReply(rest));
    Reflect.apply(parent._onClose, this, []);
  }

  _upgradeConnection(done: (error: Error | null, secured?: boolean) => void): void {
    const upgraded = (error: Error | null, secured?: boolean) => {
      if (error === null && this.options.secure !== true) this.dialogue.encrypted();
      done(error, secured);
    };
    Reflect.apply(parent._upgradeConnection, this, [upgraded]);
  }

  /**
   * Sends the message only after a 354 reply. nodemailer would also send it after a 250, although the server then
   * expects a command.
   */
  _actionDATA(reply: string, done: Done): void {
    const { _envelope: envelope } = this.internals;
    if (envelope.accepted.length > 0 && /^(?!354)[23]/.test(reply)) {
      const error = new ProtocolError(
        "unexpected reply",
        `DATA was answered with "${replyOnOneLine(reply)}" instead of 354`,
      );
      done(this.internals._formatError(error, "EPROTOCOL", false, "DATA"));
      this.close();
    } else Reflect.apply(parent._actionDATA, this, [reply, done]);
  }
}

const parent = SMTPConnection.prototype as unknown as {
  _sendCommand(line: string, shown?: string): void;
  _onData(bytes: Buffer): void;
  _onTimeout(): void;
  _processResponse(): void;
  _onClose(): void;
  _upgradeConnection(done: (error: Error | null, secured?: boolean) => void): void;
  _actionDATA(reply: string, done: Done): void;
};

/** Returns a reply as text. nodemailer stores each byte as one character. Invalid UTF-8 remains unchanged. */
function decodeReply(bytes: string): string {
  const text = Buffer.from(bytes, "latin1").toString("utf8");
  return (text.includes("\ufffd") ? bytes : text).replace(/\r?\n$/, "");
}

/** Returns whether every line starts with the same three-digit code (RFC 5321, section 4.2.1). */
function isReply(text: string): boolean {
  const code = text.slice(0, 3);
  const lines = text.split(/\r?\n/);
  return /^[1-5]\d\d$/.test(code) && lines.every((line) => line.startsWith(code) && /^(?:[ -]|$)/.test(line.slice(3)));
}
