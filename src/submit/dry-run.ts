/** The transport of --dry-run, which prints the envelope and the message instead of sending them. */
import type { Envelope, Outcome, Outgoing, Planned, Transport } from "./transport.ts";

interface DryRunOptions extends Pick<Planned, "way" | "generatedId"> {
  readonly print: (bytes: string | Uint8Array) => void;
  /** Whether the outcome includes the message. */
  readonly keepsMessage: boolean;
}

/** Prints the envelope and the bytes of a message instead of sending it. */
export class DryRun implements Transport {
  readonly #options: DryRunOptions;

  constructor(options: DryRunOptions) {
    this.#options = options;
  }

  async submit(envelope: Envelope, message: Outgoing): Promise<Outcome> {
    const { way, generatedId, print, keepsMessage } = this.#options;
    const recipients = envelope.to.map((recipient) => `RCPT TO:<${recipient}>\n`);
    const kept: Uint8Array[] = [];
    print(`to ${way}\nMAIL FROM:<${envelope.from}>\n${recipients.join("")}DATA\n`);
    for await (const piece of message.open()) {
      print(piece);
      if (keepsMessage) kept.push(piece);
    }
    const outcome = { accepted: envelope.to, refused: [] };
    return keepsMessage
      ? { ...outcome, planned: { way, envelope, generatedId, message: Buffer.concat(kept) } }
      : outcome;
  }

  async close(): Promise<void> {}
}
