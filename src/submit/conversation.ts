/** A connection to an SMTP server and nothing else: lines go as they are, replies come whole. */
import type { Socket } from "node:net";
import { isSystemError, strerror } from "../system-error.ts";
import { oneLine } from "./replies.ts";
import { NoConnection, openSocket } from "./socket.ts";

/** The server has gone, or says nothing any more; the text says which. */
export class Lost extends Error {}

export class Conversation {
  #socket: Socket;
  #unread = "";
  #lines: string[] = [];
  #lost: Lost | undefined;
  #wake = (): void => {};
  readonly #silence: number;

  /** @param silence milliseconds that a reply may take */
  constructor(socket: Socket, silence: number) {
    this.#socket = socket;
    this.#silence = silence;
    this.#listen();
  }

  /** It has closed its side, though nobody has read of it yet. */
  get lost(): boolean {
    return this.#lost !== undefined;
  }

  send(line: Uint8Array): void {
    this.#socket.write(Buffer.concat([line, Buffer.from("\r\n")]));
  }

  /** The lines of the next reply; the last has its code followed by no hyphen. @throws Lost */
  async reply(): Promise<string[]> {
    const until = Date.now() + this.#silence;
    for (;;) {
      const last = this.#lines.findIndex((line) => !/^\d{3}-/.test(line));
      if (last >= 0) return this.#lines.splice(0, last + 1);
      if (this.#lost !== undefined) throw this.#lost;
      const left = until - Date.now();
      if (left <= 0) throw new Lost(`no reply within ${this.#silence / 1000} s`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Goes on encrypted, after STARTTLS was answered with 220. @throws Lost */
  async encrypt(host: string, certificates: { check: boolean; ca: string[] }): Promise<void> {
    const tls = await import("node:tls");
    const plain = this.#socket;
    plain.removeAllListeners();
    this.#unread = "";
    this.#lines = [];
    await new Promise<void>((resolve, reject) => {
      const options = {
        socket: plain,
        servername: /[a-z]/i.test(host) ? host : "",
        rejectUnauthorized: certificates.check,
      };
      this.#socket = tls.connect({ ...options, ca: certificates.ca }, resolve);
      this.#socket.once("error", (error: Error) => reject(new Lost(`TLS: ${error.message}`)));
    });
    this.#socket.removeAllListeners("error");
    this.#listen();
  }

  close(): void {
    this.#socket.removeAllListeners();
    this.#socket.on("error", () => {});
    this.#socket.destroy();
  }

  #listen(): void {
    this.#socket.setEncoding("utf8");
    this.#socket.on("data", (piece: string) => {
      const lines = (this.#unread + piece).split(/\r?\n/);
      this.#unread = lines.pop() ?? "";
      this.#lines.push(...lines);
      if (this.#unread.length > 1024 * 1024) this.#end("its reply has no end");
      this.#wake();
    });
    this.#socket.on("error", (error) => this.#end(isSystemError(error) ? strerror(error) : oneLine(error.message)));
    this.#socket.on("close", () => this.#end("the server has closed the connection"));
  }

  #end(reason: string): void {
    this.#lost ??= new Lost(reason);
    this.#wake();
  }
}

/** @throws Lost, with the error of the system as its cause where there is one */
export async function openConversation(
  to: Parameters<typeof openSocket>[0],
  { connecting, silence }: { connecting: number; silence: number },
): Promise<Conversation> {
  try {
    return new Conversation(await openSocket(to, connecting), silence);
  } catch (error) {
    if (!(error instanceof NoConnection)) throw error;
    throw new Lost(error.message, { cause: error.cause });
  }
}
