/** The transport of --dry-run, which prints the envelope and the message instead of sending them. */
import type { Envelope, Outcome, Outgoing, Transport } from "./transport.ts";

/** Prints the envelope and the bytes of a message instead of sending it. */
export class DryRun implements Transport {
  readonly #way: string;
  readonly #print: (bytes: string | Uint8Array) => void;

  constructor(way: string, print: (bytes: string | Uint8Array) => void) {
    this.#way = way;
    this.#print = print;
  }

  async submit(envelope: Envelope, message: Outgoing): Promise<Outcome> {
    const recipients = envelope.to.map((recipient) => `RCPT TO:<${recipient}>\n`);
    this.#print(`to ${this.#way}\nMAIL FROM:<${envelope.from}>\n${recipients.join("")}DATA\n`);
    for await (const piece of message.open()) this.#print(piece);
    return { accepted: envelope.to, refused: [] };
  }

  async close(): Promise<void> {}
}
