/** Delivery into the spools of this machine, without any server. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { Exit, MailError } from "../errors.ts";
import { settleAppends } from "../mailbox/append-intent.ts";
import { deliver, type Owner, provideSpool } from "../mailbox/deliver.ts";
import { notice } from "../mailbox/notices.ts";
import type { Envelope, Outcome, Outgoing, Refusal, Transport } from "./transport.ts";

interface LocalOptions {
  /** Of the spools. */
  readonly directory: string;
  readonly mailName: string;
  /** Seconds to wait for another program's lock. */
  readonly lockwait: number;
  readonly stateDirectory: string;
}

export class LocalTransport implements Transport {
  readonly headers = "encoded";
  readonly #options: LocalOptions;

  constructor(options: LocalOptions) {
    this.#options = options;
  }

  async submit(envelope: Envelope, message: Outgoing): Promise<Outcome> {
    const { directory, mailName, lockwait, stateDirectory } = this.#options;
    for (const text of await settleAppends(stateDirectory)) notice(text);
    const bytes = await buffer(message.open());
    const accepted: string[] = [];
    const refused: Refusal[] = [];
    const users = await localUsers();
    for (const recipient of envelope.to) {
      const [user = "", domain] = recipient.split("@");
      const here = domain === undefined || domain === mailName || domain === "localhost";
      const owner = users.get(user);
      if (!here || owner === undefined) {
        const reply = here ? "550 5.1.1 no such user here" : "550 5.1.2 not a name of this machine";
        refused.push({ recipient, reply, exit: here ? Exit.NoUser : Exit.NoHost });
        continue;
      }
      try {
        const spool = join(directory, user);
        provideSpool(spool, owner);
        const delivery = { sender: envelope.from, date: new Date(), message: bytes };
        await deliver(spool, delivery, { lockwait, stateDirectory });
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

async function localUsers(): Promise<Map<string, Owner>> {
  const lines = (await readFile("/etc/passwd", "latin1")).split("\n");
  const fields = lines.map((line) => line.split(":")).filter(([name = ""]) => name !== "");
  return new Map(fields.map(([name = "", , uid, gid]) => [name, { uid: Number(uid), gid: Number(gid) }]));
}
