/**
 * Stores, between sessions, the state of each message in a folder and the facts that are shown in message lists. Both
 * files are in the cache directory, in the format that all kinds of mailbox share (facts-file.ts). A damaged or planted
 * file is ignored, and the data is requested from the server again.
 */
import { crc32 } from "../checksum.ts";
import { type FactsFile, openFacts, saveFacts } from "../facts-file.ts";
import { addHeaderFacts } from "../header-facts.ts";
import { columnBits, FactTable, type ListFacts } from "../list-facts.ts";
import type { KnownState } from "./imap-connection.ts";
import type { UidTable } from "./uid-table.ts";

/** The table is not stored if the rows for removed messages outnumber the existing messages by more than this value. */
const mostIdleRows = 1000;
const wholeRow = columnBits.uid | columnBits.flags;

const fieldNames = {
  from: "From",
  to: "To",
  cc: "Cc",
  subject: "Subject",
  messageId: "Message-ID",
  references: "References",
  inReplyTo: "In-Reply-To",
} as const;
const listedFields = Object.keys(fieldNames) as (keyof typeof fieldNames)[];

/** The state of a folder at the end of an earlier session. */
export interface CachedState extends KnownState {
  /** The highest UID that an earlier session listed. Messages up to this UID are no longer new. */
  readonly lastListed: number;
}

/** Facts that the server reports about a message. */
export interface MessageFacts {
  /** RFC822.SIZE: the size with CRLF newlines. */
  readonly size: number;
  /** INTERNALDATE, in milliseconds since 1970. */
  readonly received: number;
}

/** Stores the message states and facts of one folder. */
export class FolderCache {
  readonly #directory: string | undefined;
  readonly #name: string;
  #file: FactsFile | undefined;
  #facts = new FactTable();
  /** Maps each UID to its row in the table of facts. */
  #rows = new Map<number, number>();
  /**
   * The UIDs of messages with unconfirmed facts: an earlier session stored the facts, and in this session the server
   * has not yet confirmed them.
   */
  readonly #unconfirmed = new Set<number>();

  /** Creates an empty cache. @param directory undefined if nothing is stored @param name the folder's address */
  constructor(directory: string | undefined, name: string) {
    this.#directory = directory;
    this.#name = name;
  }

  /** Fills a table with the message states from the end of an earlier session. @returns undefined if none are stored */
  loadStates(table: UidTable): CachedState | undefined {
    const file = this.#directory === undefined ? undefined : openFacts(this.#directory, `${this.#name} states`);
    if (file === undefined) return undefined;
    try {
      const [uidValidity = 0, high = 0, low = 0, lastListed = 0, check] = file.stamp;
      const stored = new FactTable(file);
      const [uids, flags] = [stored.numbers("uid"), stored.numbers("flags")];
      if (check !== this.#check || !isAscending(stored, uids)) return undefined;
      table.fill(uids, flags, stored.count);
      return { uidValidity, modSeq: (BigInt(high) << 32n) | BigInt(low), lastListed };
    } finally {
      file.close();
    }
  }

  saveStates(table: UidTable, { uidValidity, modSeq, lastListed }: CachedState): void {
    if (this.#directory === undefined) return;
    const stored = new FactTable();
    for (let message = 1; message <= table.count; message++) {
      if (table.isGone(message)) continue;
      const row = stored.addRow();
      stored.setNumber("uid", row, table.uid(message));
      stored.setNumber("flags", row, table.bits(message));
    }
    const stamp = [uidValidity, Number(modSeq >> 32n), Number(modSeq & 0xffff_ffffn), lastListed, this.#check];
    saveFacts(this.#directory, `${this.#name} states`, stamp, stored);
  }

  /** Opens the file in which earlier sessions have stored facts. */
  openFacts(uidValidity: number): void {
    const file = this.#directory === undefined ? undefined : openFacts(this.#directory, this.#name);
    if (file === undefined) return;
    if (file.stamp[0] !== uidValidity || file.stamp[1] !== this.#check) {
      file.close();
      return;
    }
    this.#file = file;
    this.#facts = new FactTable(file);
    const uids = this.#facts.numbers("uid");
    for (let row = 0; row < this.#facts.count; row++) {
      if (!this.#facts.knows(row, columnBits.uid)) continue;
      this.#rows.set(uids[row] as number, row);
      this.#unconfirmed.add(uids[row] as number);
    }
  }

  /** Returns a message's size and date; undefined if they are unknown. */
  find(uid: number): MessageFacts | undefined {
    const row = this.#rows.get(uid);
    if (row === undefined) return undefined;
    const [size, received] = [this.#facts.number("size", row), this.#facts.number("received", row)];
    return size === undefined || received === undefined ? undefined : { size, received };
  }

  /** Returns the facts to show about a message in lists; undefined if these facts have never been loaded. */
  findListFacts(uid: number): ListFacts | undefined {
    const row = this.#rows.get(uid);
    return row === undefined || !this.#facts.knows(row, columnBits.from) ? undefined : this.#facts.facts(row);
  }

  /**
   * Returns whether the cached facts suffice to list a message, that is, whether they are known and consist of ASCII
   * characters.
   */
  hasPlainFacts(uid: number): boolean {
    const facts = this.findListFacts(uid);
    if (facts === undefined) return false;
    const fields = [facts.envelope ?? "", ...listedFields.flatMap((name) => facts[name] ?? [])];
    return fields.every((value) => /^[\x00-\x7f]*$/.test(value));
  }

  /**
   * Returns a header that contains the cached values of the fields that are shown in message lists.
   *
   * @returns undefined if the values are unknown
   */
  makeHeader(uid: number): Buffer | undefined {
    const facts = this.findListFacts(uid);
    if (facts === undefined) return undefined;
    const lines = listedFields.flatMap((name) => (facts[name] ?? []).map((value) => `${fieldNames[name]}: ${value}\n`));
    return Buffer.from(`From ${facts.envelope ?? ""}\n${lines.join("")}\n`);
  }

  /** Returns whether a message's facts come from an earlier session and have not been confirmed in this session. */
  isUnconfirmed(uid: number): boolean {
    return this.#unconfirmed.has(uid);
  }

  /** Records that the server has confirmed the facts about a message. */
  confirm(uid: number): void {
    this.#unconfirmed.delete(uid);
  }

  /**
   * Records the facts about a message.
   *
   * @param header the From_ line and the header; undefined if the header was not loaded
   * @returns whether the facts for message lists are now known
   */
  add(uid: number, { size, received }: MessageFacts, header?: Buffer): boolean {
    const known = this.#rows.get(uid);
    const hasListFacts = known !== undefined && this.#facts.knows(known, columnBits.from);
    if (hasListFacts || (known !== undefined && header === undefined)) return hasListFacts;
    if (this.#facts.isFull) return false;
    const row = header === undefined ? this.#facts.addRow() : addHeaderFacts(this.#facts, header);
    this.#facts.setNumber("uid", row, uid);
    this.#facts.setNumber("size", row, size);
    this.#facts.setNumber("received", row, received);
    this.#rows.set(uid, row);
    return this.#facts.knows(row, columnBits.from);
  }

  /**
   * Stores the facts for the next session if any have been added, and closes the file.
   *
   * @param present the number of messages in the folder
   */
  close(uidValidity: number, present: number): void {
    if (this.#directory !== undefined && this.#facts.hasChanged && this.#facts.count <= 2 * present + mostIdleRows)
      saveFacts(this.#directory, this.#name, [uidValidity, this.#check], this.#facts);
    this.#file?.close();
    this.#file = undefined;
  }

  /**
   * A second checksum of the folder's address. The checksum distinguishes folders if their cache files happen to have
   * the same name.
   */
  get #check(): number {
    return crc32(Buffer.from(`folder ${this.#name}`));
  }
}

function isAscending(stored: FactTable, uids: ArrayLike<number>): boolean {
  let before = 0;
  for (let row = 0; row < stored.count; row++) {
    const uid = uids[row] as number;
    if (uid <= before || !stored.knows(row, wholeRow)) return false;
    before = uid;
  }
  return true;
}
