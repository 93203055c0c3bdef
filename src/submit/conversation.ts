/** Implements a raw connection to an SMTP server. The connection sends lines unchanged and returns complete replies. */

import type { Socket } from "node:net";
import { NoConnection, openSocket } from "../connect/socket.ts";
import { describeTlsFailure, tlsFailure } from "../connect/tls-failure.ts";
import { pushAll } from "../message/lists.ts";
import { isSystemError, strerror } from "../system-error.ts";
import type { Timeouts } from "./failures.ts";
import { replyOnOneLine } from "./replies.ts";
import type { FailureReason } from "./submission-errors.ts";
import type { ServerWay } from "./transport-settings.ts";

/** The longest reply in characters. RFC 5321, section 4.5.3.1.5, limits a line to 512 octets. */
const longest = 1024 * 1024;

/**
 * The error for a lost connection, or for a reply that did not arrive in time. The error's message describes the
 * reason.
 */
export class Lost extends Error {
  readonly reason: FailureReason;

  constructor(reason: FailureReason, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.reason = reason;
  }
}

/** Sends lines unchanged to an SMTP server and returns its complete replies. */
export class Conversation {
  #socket: Socket;
  #unread = "";
  #lines: string[] = [];
  /** The number of lines already examined for the next reply, and the total size of all stored lines. */
  #looked = 0;
  #size = 0;
  #lost: Lost | undefined;
  #wake = (): void => {};
  readonly #silence: number;

  /** @param silence the maximum time in milliseconds to wait for a reply */
  constructor(socket: Socket, silence: number) {
    this.#socket = socket;
    this.#silence = silence;
    this.#listen();
  }

  /** Whether the connection has ended, even if stored replies remain. */
  get lost(): boolean {
    return this.#lost !== undefined;
  }

  send(line: Uint8Array): void {
    this.#socket.write(Buffer.concat([line, Buffer.from("\r\n")]));
  }

  /**
   * Returns the lines of the next reply, whose last line has no hyphen after its code.
   *
   * @throws Lost
   */
  async reply(): Promise<string[]> {
    const until = Date.now() + this.#silence;
    for (;;) {
      const whole = this.#whole();
      if (whole !== undefined) return whole;
      if (this.#lost !== undefined) throw this.#lost;
      const left = until - Date.now();
      if (left <= 0) throw new Lost("no reply", `no reply within ${this.#silence / 1000} s`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /**
   * Encrypts the connection after the server has accepted STARTTLS.
   *
   * @throws Lost
   */
  async encrypt({ host, protocol }: ServerWay, certificates: { check: boolean; ca: string[] }): Promise<void> {
    const tls = await import("node:tls");
    const plain = this.#socket;
    plain.removeAllListeners();
    this.#unread = "";
    this.#lines = [];
    this.#looked = 0;
    this.#size = 0;
    let timer: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        const options = {
          socket: plain,
          servername: /[a-z]/i.test(host) ? host : "",
          rejectUnauthorized: certificates.check,
        };
        const late = () =>
          reject(new Lost("TLS timed out", `TLS was not established within ${this.#silence / 1000} s`));
        timer = setTimeout(late, this.#silence);
        this.#socket = tls.connect({ ...options, ca: certificates.ca }, resolve);
        this.#socket.once("error", (error: Error) => {
          const failure = tlsFailure(error);
          const text =
            failure === undefined ? `TLS: ${replyOnOneLine(error.message)}` : describeTlsFailure(failure, protocol);
          reject(new Lost(failure?.reason ?? "TLS failed", text, error));
        });
      });
    } finally {
      clearTimeout(timer);
    }
    this.#socket.removeAllListeners("error");
    this.#listen();
  }

  close(): void {
    this.#socket.removeAllListeners();
    this.#socket.on("error", () => {});
    this.#socket.destroy();
  }

  /** Returns the lines of a complete reply, or undefined if there is none. */
  #whole(): string[] | undefined {
    while (this.#looked < this.#lines.length) {
      const line = this.#lines[this.#looked++] ?? "";
      if (/^\d{3}-/.test(line)) continue;
      const reply = this.#lines.splice(0, this.#looked);
      this.#looked = 0;
      for (const each of reply) this.#size -= each.length;
      return reply;
    }
    return undefined;
  }

  #listen(): void {
    this.#socket.setEncoding("utf8");
    this.#socket.on("data", (piece: string) => {
      const lines = (this.#unread + piece).split(/\r?\n/);
      this.#unread = lines.pop() ?? "";
      for (const line of lines) this.#size += line.length;
      pushAll(this.#lines, lines);
      if (this.#size + this.#unread.length > longest) this.#end("endless reply", "the server's reply does not end");
      this.#wake();
    });
    this.#socket.on("error", (error) =>
      this.#end("system error", isSystemError(error) ? strerror(error) : replyOnOneLine(error.message)),
    );
    this.#socket.on("close", () => this.#end("connection closed", "the server has closed the connection"));
  }

  #end(reason: FailureReason, text: string): void {
    this.#lost ??= new Lost(reason, text);
    this.#socket.pause();
    this.#wake();
  }
}

/**
 * Connects to a server.
 *
 * @throws Lost, with the system's error as its cause if there is one
 */
export async function openConversation(
  to: Parameters<typeof openSocket>[0],
  { connect, silence }: Timeouts,
): Promise<Conversation> {
  try {
    return new Conversation(await openSocket(to, connect), silence);
  } catch (error) {
    if (!(error instanceof NoConnection)) throw error;
    throw new Lost(error.reason, error.message, error.cause);
  }
}
