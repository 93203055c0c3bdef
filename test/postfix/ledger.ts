/** Keeps a ledger of a run: every message sent, every command typed, and the final contents of the files. */
import { createHash, randomBytes, randomInt } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";

interface Entry {
  /** SHA-256 of the body without its trailing newlines. */
  readonly sum: string;
  /** Whether the server accepted the message. A message that was not accepted may still have been delivered. */
  isDelivered: boolean;
  /** The number of times that sessions were instructed to save or copy the message. */
  saves: number;
  /** Whether a session or an IMAP client was instructed to delete the message. */
  mayBeGone: boolean;
}

export interface Message {
  readonly id: string;
  /** Header, empty line and body, with LF newlines. */
  readonly text: string;
}

export interface Balance {
  readonly messages: number;
  readonly lost: readonly string[];
  readonly duplicated: readonly string[];
  readonly damaged: readonly string[];
}

/** Lengths in bytes, from less than a page to many pages. */
const lengths = [200, 700, 1500, 4000, 9000, 70_000];

function sumOf(body: string): string {
  return createHash("sha256").update(body.replace(/\n+$/, ""), "latin1").digest("hex");
}

/** Splits an mbox in which no message body contains a line that begins with `From `. */
function splitMbox(path: string): string[] {
  if (!existsSync(path)) return [];
  const text = readFileSync(path, "latin1");
  return text === "" ? [] : text.split(/^(?=From )/m);
}

export class Ledger {
  readonly #entries = new Map<string, Entry>();

  /** Creates a message that can be recognized even if header fields are added. */
  make(): Message {
    const id = `m${String(this.#entries.size).padStart(6, "0")}z`;
    const length = lengths[randomInt(lengths.length)] as number;
    const lines = randomBytes(length / 2)
      .toString("hex")
      .replace(/.{1,70}/g, "$&\n");
    const body = `${lines}end of ${id}\n`;
    const sum = sumOf(body);
    this.#entries.set(id, { sum, isDelivered: false, saves: 0, mayBeGone: false });
    return { id, text: `From: tester@dominio.test\nSubject: ${id}\nX-Sum: ${sum}\n\n${body}` };
  }

  /** Returns the ledger entry in which the caller records what happens to the message. */
  entry(id: string): Entry {
    const entry = this.#entries.get(id);
    if (entry === undefined) throw new Error(`${id} was never sent`);
    return entry;
  }

  /** Returns a random delivered message, with a preference for recent ones. */
  choose(): string | undefined {
    const delivered = [...this.#entries].filter(([, { isDelivered }]) => isDelivered);
    const back = Math.floor(delivered.length * (randomInt(1000) / 1000) ** 8);
    return delivered[delivered.length - 1 - back]?.[0];
  }

  /**
   * Compares the files with the ledger.
   *
   * A message that was not deleted counts as lost if no file contains it. A message counts as duplicated if the spool
   * and mbox together contain it more than once, or if the folder contains it more often than it was saved. A message
   * counts as damaged if its bytes in a file have changed.
   */
  balance(files: {
    readonly spool: string;
    readonly mbox: string;
    readonly folder: string;
    readonly set: readonly string[];
  }): Balance {
    const damaged: string[] = [];
    const count = (...paths: string[]): Map<string, number> => {
      const counts = new Map<string, number>();
      for (const path of paths) {
        for (const [at, message] of splitMbox(path).entries()) {
          const id = this.#recognize(message);
          if (id === undefined) damaged.push(`${path}: message ${at + 1}: ${JSON.stringify(message.slice(0, 1000))}`);
          else if (id !== "") counts.set(id, (counts.get(id) ?? 0) + 1);
        }
      }
      return counts;
    };
    const inbox = count(files.spool, files.mbox);
    const folder = count(files.folder);
    const setAside = count(...files.set);
    const lost: string[] = [];
    const duplicated: string[] = [];
    for (const [id, { isDelivered, saves, mayBeGone }] of this.#entries) {
      const [here, saved] = [inbox.get(id) ?? 0, folder.get(id) ?? 0];
      if (isDelivered && !mayBeGone && here + saved + (setAside.get(id) ?? 0) === 0) lost.push(id);
      // A saved message stays in the spool until the session quits. Copies in the folder are therefore counted
      // separately.
      if (here > 1 || saved > saves)
        duplicated.push(`${id}: ${here} in the spool and mbox, ${saved} of ${saves} saved`);
    }
    return { messages: this.#entries.size, lost, duplicated, damaged };
  }

  /** Returns a message's ID, "" for Dovecot's internal message, or undefined for a damaged message. */
  #recognize(message: string): string | undefined {
    const headerEnd = message.indexOf("\n\n");
    const header = message.slice(0, headerEnd);
    const body = message.slice(headerEnd + 2);
    if (/^Subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA$/m.test(header)) return "";
    const ids = [...header.matchAll(/^Subject: (m\d{6}z)$/gm)].map(([, id = ""]) => id);
    const [id = ""] = ids;
    if (ids.length !== 1 || sumOf(body) !== this.#entries.get(id)?.sum) return undefined;
    return header.split("\n").slice(1).every(isFieldLine) && message.endsWith("\n\n") ? id : undefined;
  }
}

function isFieldLine(line: string): boolean {
  return /^(?:[\x21-\x39\x3b-\x7e]+:|[ \t])/.test(line);
}
