/** Delivers mail to the local users' system mailboxes without a server. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { Exit, MailError } from "../errors.ts";
import { deliver } from "../mailbox/deliver.ts";
import type { Rights } from "../mailbox/rights.ts";
import { settleAppends } from "../mailbox/settle-appends.ts";
import { notify } from "../notices.ts";
import type { Envelope, Outcome, Outgoing, Refusal, Transport } from "./transport.ts";

interface LocalOptions {
  /** The directory of the system mailboxes. */
  readonly directory: string;
  readonly mailName: string;
  /** The number of seconds to wait for another program's lock. */
  readonly lockwait: number;
  readonly stateDirectory: string;
}

/** Delivers messages to the system mailboxes on this host. */
export class LocalTransport implements Transport {
  readonly #options: LocalOptions;

  constructor(options: LocalOptions) {
    this.#options = options;
  }

  async submit(envelope: Envelope, message: Outgoing, signal?: AbortSignal): Promise<Outcome> {
    const { directory, mailName, lockwait, stateDirectory } = this.#options;
    for (const text of await settleAppends(stateDirectory)) notify(text);
    const bytes = await buffer(message.open());
    const accepted: string[] = [];
    const refused: Refusal[] = [];
    const users = await localUsers();
    for (const recipient of envelope.to) {
      const refusal = refuseRecipient(recipient, mailName, users);
      const [user = ""] = recipient.split("@");
      const owner = users.get(user);
      if (refusal !== undefined) refused.push(refusal);
      if (refusal !== undefined || owner === undefined) continue;
      try {
        const spool = join(directory, user);
        const delivery = { sender: envelope.from, date: new Date(), message: bytes };
        await deliver(spool, delivery, {
          account: owner,
          lockwait,
          stateDirectory,
          ...(signal === undefined ? {} : { signal }),
        });
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

/** Returns a refusal if a recipient has no mailbox on this host, otherwise undefined. */
export async function localRefusal(recipient: string, mailName: string): Promise<Refusal | undefined> {
  return refuseRecipient(recipient, mailName, await localUsers());
}

function refuseRecipient(recipient: string, mailName: string, users: ReadonlyMap<string, Rights>): Refusal | undefined {
  const [user = "", domain] = recipient.split("@");
  if (domain !== undefined && domain !== mailName && domain !== "localhost") {
    return { recipient, reply: "550 5.1.2 not a domain of this machine", exit: Exit.NoHost };
  }
  if (users.has(user)) return undefined;
  return { recipient, reply: "550 5.1.1 no such user here", exit: Exit.NoUser };
}

async function localUsers(): Promise<Map<string, Rights>> {
  const lines = (await readFile("/etc/passwd", "latin1")).split("\n");
  const fields = lines.map((line) => line.split(":")).filter(([name = ""]) => name !== "");
  return new Map(fields.map(([name = "", , uid, gid]) => [name, { uid: Number(uid), gid: Number(gid) }]));
}
