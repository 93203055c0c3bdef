/** Finds the copies that an earlier, failed attempt has appended to a folder, so that they are not appended again. */
import { parseHeader } from "../../message/header.ts";
import { headerOf } from "../header-bytes.ts";
import type { ImapConnection } from "./imap-connection.ts";
import { ImapFailed } from "./imap-failure.ts";
import { formatUidSets } from "./uid-set.ts";

/**
 * The copies in a folder. A mailbox may contain identical messages, so each copy is matched only once.
 */
export class EarlierCopies {
  readonly #connection: ImapConnection;
  readonly #found = new Set<number>();

  private constructor(connection: ImapConnection) {
    this.#connection = connection;
  }

  /** Selects a folder. @returns undefined if the folder does not exist @throws ImapFailed */
  static async open(connection: ImapConnection, folder: string): Promise<EarlierCopies | undefined> {
    try {
      await connection.select(folder, { readOnly: true });
      return new EarlierCopies(connection);
    } catch (error) {
      if (error instanceof ImapFailed && (error.reason === "no such folder" || error.reason === "refused")) return;
      throw error;
    }
  }

  /**
   * Finds a copy with the same Message-ID and size. A message without a Message-ID is never found.
   *
   * @param bytes the message, with CRLF newlines
   * @throws ImapFailed
   */
  async find(bytes: Buffer): Promise<boolean> {
    const id = parseHeader(headerOf(bytes.length, (length) => bytes.subarray(0, length)))
      .get("message-id")
      ?.trim();
    if (id === undefined || id === "") return false;
    const uids = await this.#connection.search({ word: "HEADER" }, { text: "Message-ID" }, { text: id });
    const sizes = new Map<number, number | undefined>();
    for (const { set } of formatUidSets(uids))
      await this.#connection.fetch(set, { facts: true }, ({ uid, size }) => void sizes.set(uid, size));
    const copy = uids.find((uid) => sizes.get(uid) === bytes.length && !this.#found.has(uid));
    if (copy !== undefined) this.#found.add(copy);
    return copy !== undefined;
  }
}
