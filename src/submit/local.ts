/** Delivery into the spools of this machine, without any server. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { Exit, MailError } from "../errors.ts";
import { deliver } from "../mailbox/deliver.ts";
import type { Envelope, Outcome, Outgoing, Refusal, Transport } from "./transport.ts";

export class LocalTransport implements Transport {
  readonly headers = "encoded";
  readonly #directory: string;
  readonly #mailName: string;
  readonly #lockwait: number;

  constructor(options: { directory: string; mailName: string; lockwait: number }) {
    this.#directory = options.directory;
    this.#mailName = options.mailName;
    this.#lockwait = options.lockwait;
  }

  async submit(envelope: Envelope, message: Outgoing): Promise<Outcome> {
    const bytes = await buffer(message.open());
    const accepted: string[] = [];
    const refused: Refusal[] = [];
    const users = await localUsers();
    for (const recipient of envelope.to) {
      const [user = "", domain] = recipient.split("@");
      const here = domain === undefined || domain === this.#mailName || domain === "localhost";
      if (!here || !users.has(user)) {
        const reply = here ? "550 5.1.1 no such user here" : "550 5.1.2 not a name of this machine";
        refused.push({ recipient, reply, exit: here ? Exit.NoUser : Exit.NoHost });
        continue;
      }
      try {
        const delivery = { sender: envelope.from, date: new Date(), message: bytes };
        await deliver(join(this.#directory, user), delivery, { lockwait: this.#lockwait });
        accepted.push(recipient);
      } catch (error) {
        if (!(error instanceof MailError)) throw error;
        refused.push({ recipient, reply: error.message, exit: error.exit });
      }
    }
    return { accepted, refused };
  }

  async close(): Promise<void> {}
}

async function localUsers(): Promise<Set<string>> {
  const lines = (await readFile("/etc/passwd", "utf8")).split("\n");
  return new Set(lines.map((line) => line.slice(0, Math.max(0, line.indexOf(":")))).filter((name) => name !== ""));
}
