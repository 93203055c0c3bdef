/**
 * Sends commands to an IMAP server, and collects the responses.
 *
 * This class never calls imapflow's own methods for messages. Some of those methods send CLOSE or EXPUNGE, which also
 * remove messages that other clients have marked as deleted. Instead, it sends each command itself. None of its methods
 * replaces all flags, sends CLOSE or a plain EXPUNGE, or identifies a message by its sequence number. imapflow provides
 * the connection and STARTTLS, parses responses, and quotes arguments.
 */
import { decodeFolderName, encodeFolderName } from "./folder-name.ts";
import { ImapFailed } from "./imap-failure.ts";
import type { ConnectionSettings } from "./imap-flow.ts";
import {
  type Code,
  type CopiedUids,
  type FetchedMessage,
  findCode,
  folderToken,
  formatInternalDate,
  isFlag,
  isList,
  largestNumber,
  makeAtom,
  makeCharset,
  makeSection,
  makeString,
  mostMessages,
  type Node,
  parseFetch,
  readBigInt,
  readCopiedUids,
  readNodeText,
  readNumber,
  type SearchKey,
  searchTokens,
  type Token,
} from "./imap-grammar.ts";
import { ServerConnection } from "./server-connection.ts";
import { listUids, parseUidRanges, sortUids, type UidRange } from "./uid-set.ts";

export interface SelectedFolder {
  readonly uidValidity: number;
  readonly uidNext: number | undefined;
  readonly exists: number;
  readonly readOnly: boolean;
  /**
   * The folder's highest modification sequence (RFC 7162); undefined if the server does not support modification
   * sequences.
   */
  readonly highestModSeq: bigint | undefined;
  /** Whether the server accepts keywords that are new to the folder. */
  readonly acceptsKeywords: boolean;
  /** Whether UIDs are valid only during this session (UIDNOTSTICKY, RFC 4315). */
  readonly hasTemporaryUids: boolean;
}

/**
 * An earlier state of a folder, for a server that can report the changes made after that state (RFC 7162, section
 * 3.2.5).
 */
export interface KnownState {
  readonly uidValidity: number;
  readonly modSeq: bigint;
}

/**
 * A range of bytes in a section of a message. Examples of sections are `HEADER`, `HEADER.FIELDS (MESSAGE-ID)`, `1.2`
 * and `1.2.MIME`. An empty section means the whole message.
 */
export interface Range {
  readonly section: string;
  readonly start: number;
  readonly length: number;
}

export interface FetchItems {
  /** If given, only messages that have changed since this modification sequence are fetched (RFC 7162, CONDSTORE). */
  readonly changedSince?: bigint;
  readonly flags?: true;
  /** Whether to fetch RFC822.SIZE and INTERNALDATE. */
  readonly facts?: true;
  readonly structure?: true;
  readonly ranges?: readonly Range[];
}

/** A limit that a server imposes (RFC 9208). */
export interface Quota {
  /** The name of the quota root, which is often empty. */
  readonly root: string;
  /** The limited resource, such as MESSAGE, or STORAGE in units of 1024 bytes. */
  readonly resource: string;
  readonly used: number;
  readonly limit: number;
}

export interface ListedFolder {
  readonly name: string;
  /** The character that separates the levels of folder names; undefined if there are no levels. */
  readonly delimiter: string | undefined;
  /** The attributes in lower case, such as `\noselect` and `\trash`. */
  readonly attributes: readonly string[];
}

/** An open connection after the login. The connection executes one command at a time. */
export class ImapConnection extends ServerConnection {
  /** Connects as ServerConnection does. */
  static async open(settings: ConnectionSettings, signal?: AbortSignal): Promise<ImapConnection> {
    return await ServerConnection.connect(new ImapConnection(settings), signal);
  }

  /**
   * Selects a folder.
   *
   * @param options.readOnly whether to use EXAMINE, so that the server changes nothing
   * @param options.known an earlier state; the listener receives the changes made after that state. Requires QRESYNC.
   * @throws ImapFailed
   */
  async select(
    folder: string,
    { readOnly = false, known }: { readonly readOnly?: boolean; readonly known?: KnownState | undefined } = {},
  ): Promise<SelectedFolder> {
    const condstore: Node[] = this.can("CONDSTORE") && !this.isEnabled("QRESYNC") ? [makeAtom("CONDSTORE")] : [];
    const parameter: readonly Node[] =
      known === undefined
        ? condstore
        : [makeAtom("QRESYNC"), [makeAtom(`${known.uidValidity}`), makeAtom(`${known.modSeq}`)]];
    const parameters = parameter.length === 0 ? [] : [parameter];
    const codes = new Map<string, Code>();
    let exists: number | undefined;
    const { code } = await this.run(readOnly ? "EXAMINE" : "SELECT", [folderToken(folder), ...parameters], {
      OK: (response) => {
        const found = findCode(response);
        if (found !== undefined) codes.set(found.name, found);
      },
      EXISTS: ({ command }) => {
        exists = readNumber(command, mostMessages);
      },
      FLAGS: () => undefined,
      RECENT: () => undefined,
    });
    const uidValidity = readNumber(codes.get("UIDVALIDITY")?.words[0]);
    if (exists === undefined || uidValidity === undefined)
      throw this.fail(
        "malformed response",
        `${folder}: the server did not report UIDVALIDITY and the number of messages`,
      );
    const permanent = codes.get("PERMANENTFLAGS")?.words;
    return {
      exists,
      uidValidity,
      uidNext: readNumber(codes.get("UIDNEXT")?.words[0]),
      readOnly: readOnly || code?.name === "READ-ONLY",
      highestModSeq: codes.has("NOMODSEQ") ? undefined : readBigInt(codes.get("HIGHESTMODSEQ")?.words[0]),
      acceptsKeywords: permanent?.includes("\\*") ?? true,
      hasTemporaryUids: codes.has("UIDNOTSTICKY"),
    };
  }

  /**
   * Returns the UIDs of the messages that match all keys, in ascending order.
   *
   * @throws ImapFailed
   */
  async search(...keys: readonly SearchKey[]): Promise<number[]> {
    const found: number[] = [];
    const ranges: UidRange[] = [];
    let isMalformed = false;
    const words = makeCharset(keys).concat(keys.flatMap(searchTokens));
    await this.run("UID SEARCH", this.can("ESEARCH") ? [makeAtom("RETURN"), [makeAtom("ALL")], ...words] : words, {
      SEARCH: ({ numbers, attributes }) => {
        for (const number of numbers ?? (attributes ?? []).map((node) => readNumber(readNodeText(node)))) {
          if (number === undefined || number < 1 || number > largestNumber) isMalformed = true;
          else found.push(number);
        }
      },
      ESEARCH: ({ attributes = [] }) => {
        const at = attributes.findIndex((node) => readNodeText(node)?.toUpperCase() === "ALL");
        if (at < 0) return;
        const parsed = parseUidRanges(readNodeText(attributes[at + 1] ?? null) ?? "");
        if (parsed === undefined) isMalformed = true;
        else for (const range of parsed) ranges.push(range);
      },
    });
    const listed = listUids(ranges, mostMessages);
    if (isMalformed || listed === undefined) throw this.fail("malformed response", "the response to SEARCH is invalid");
    return found.length > 0 ? sortUids(found) : listed;
  }

  /** Returns the UIDs of all messages, as sorted by the server (RFC 5256). @throws ImapFailed */
  async sort(criteria: readonly string[]): Promise<number[]> {
    const found: number[] = [];
    await this.run("UID SORT", [criteria.map(makeAtom), makeAtom("UTF-8"), makeAtom("ALL")], {
      SORT: ({ attributes }) => {
        for (const node of attributes ?? []) found.push(readNumber(readNodeText(node)) ?? 0);
      },
    });
    if (found.some((uid) => uid < 1)) throw this.fail("malformed response", "the response to SORT is invalid");
    return found;
  }

  /**
   * Fetches items of messages without marking the messages as seen.
   *
   * @param set a set of UIDs (uid-set.ts)
   * @param onMessage called for each message that has a UID. The connection waits for each call to complete.
   * @throws ImapFailed
   */
  async fetch(
    set: string,
    { changedSince, flags, facts, structure, ranges = [] }: FetchItems,
    onMessage: (message: FetchedMessage & { readonly uid: number }) => void | Promise<void>,
  ): Promise<void> {
    const items: Node[] = [
      makeAtom("UID"),
      ...(flags === true ? [makeAtom("FLAGS")] : []),
      ...(facts === true ? [makeAtom("RFC822.SIZE"), makeAtom("INTERNALDATE")] : []),
      ...(structure === true ? [makeAtom("BODYSTRUCTURE")] : []),
      ...ranges.map(({ section, start, length }) => ({
        type: "ATOM",
        value: "BODY.PEEK",
        section: makeSection(section),
        partial: [start, length],
      })),
    ];
    const modifiers = changedSince === undefined ? [] : [[makeAtom("CHANGEDSINCE"), makeAtom(`${changedSince}`)]];
    let isMalformed = false;
    // imapflow would ignore an error thrown by a handler.
    let failed: { readonly error: unknown } | undefined;
    await this.run("UID FETCH", [{ type: "SEQUENCE", value: set }, items, ...modifiers], {
      FETCH: async (response) => {
        const message = parseFetch(response);
        if (message === undefined) return;
        const { uid } = message;
        if (uid !== undefined) {
          try {
            if (failed === undefined) await onMessage({ ...message, uid });
          } catch (error) {
            failed = { error };
          }
        } else if (ranges.some(({ section }) => message.bytes(section) !== undefined)) isMalformed = true;
        else this.reportFlags(message);
      },
    });
    if (failed !== undefined) throw (failed as { readonly error: unknown }).error;
    if (isMalformed) throw this.fail("malformed response", "a message has no UID");
  }

  /**
   * Adds or removes flags. All other flags are left unchanged.
   *
   * @param flags system flags, such as `\Seen`, and keywords
   * @throws ImapFailed
   */
  async store(set: string, sign: "+" | "-", flags: readonly string[]): Promise<void> {
    const invalid = flags.find((flag) => !isFlag(flag));
    if (invalid !== undefined) throw new ImapFailed("invalid name", `${JSON.stringify(invalid)}: not a keyword`);
    await this.run("UID STORE", [
      { type: "SEQUENCE", value: set },
      makeAtom(`${sign}FLAGS.SILENT`),
      flags.map(makeAtom),
    ]);
  }

  /** Copies messages to another folder. @returns the copies' UIDs if the server reports them @throws ImapFailed */
  async copy(set: string, folder: string): Promise<CopiedUids | undefined> {
    const { code } = await this.run("UID COPY", [{ type: "SEQUENCE", value: set }, folderToken(folder)]);
    return readCopiedUids(code);
  }

  /** Moves messages to another folder in one step (RFC 6851). @throws ImapFailed */
  async move(set: string, folder: string): Promise<CopiedUids | undefined> {
    if (!this.can("MOVE")) throw this.fail("unsupported", "the server cannot move messages");
    let untagged: Code | undefined;
    const { code } = await this.run("UID MOVE", [{ type: "SEQUENCE", value: set }, folderToken(folder)], {
      OK: (response) => {
        untagged = findCode(response) ?? untagged;
      },
    });
    return readCopiedUids(untagged) ?? readCopiedUids(code);
  }

  /** Removes the messages in a set that are marked as deleted (RFC 4315). @throws ImapFailed */
  async expunge(set: string): Promise<void> {
    if (!this.can("UIDPLUS")) throw this.fail("unsupported", "the server cannot remove individual messages (UIDPLUS)");
    await this.run("UID EXPUNGE", [{ type: "SEQUENCE", value: set }]);
  }

  /**
   * Appends a message to a folder.
   *
   * @param bytes the message, with CRLF newlines
   * @param received the message's INTERNALDATE
   * @returns the message's UID if the server reports it
   * @throws ImapFailed
   */
  async append(
    folder: string,
    bytes: Buffer,
    { flags = [], received }: { readonly flags?: readonly string[]; readonly received?: Date | undefined } = {},
  ): Promise<CopiedUids | undefined> {
    const hasNul = bytes.includes(0);
    if (hasNul && !this.can("BINARY"))
      throw this.fail("unsupported", `${folder}: the server cannot store a message that contains NUL bytes`);
    const { code } = await this.run("APPEND", [
      folderToken(folder),
      flags.filter(isFlag).map(makeAtom),
      ...(received === undefined ? [] : [{ type: "STRING", value: formatInternalDate(received) }]),
      { type: "LITERAL", value: bytes, ...(hasNul ? { isLiteral8: true } : {}) } as Token,
    ]);
    const [uidValidity, uid] = (code?.name === "APPENDUID" ? code.words : []).map((word) => readNumber(word));
    return uidValidity === undefined || uid === undefined ? undefined : { uidValidity, uids: [uid], sources: [] };
  }

  /** Asks the server for changes, which the listener receives. @throws ImapFailed */
  async noop(): Promise<void> {
    await this.run("NOOP", false);
  }

  /**
   * Waits for changes with IDLE (RFC 2177). The listener receives the changes.
   *
   * @param signal aborting this signal ends the wait
   * @throws ImapFailed
   */
  async idle(signal: AbortSignal): Promise<void> {
    if (!this.can("IDLE")) throw this.fail("unsupported", "the server does not support IDLE");
    let isWaiting = false;
    let watch: NodeJS.Timeout | undefined;
    const stop = () => {
      // The server must now respond within the time limit.
      if (signal.aborted) watch ??= this.closeIfSilent();
      if (isWaiting && signal.aborted) this.writeLine("DONE");
      isWaiting = isWaiting && !signal.aborted;
    };
    signal.addEventListener("abort", stop);
    try {
      await this.run(
        "IDLE",
        false,
        {},
        {
          isPatient: true,
          onPlusTag: () => {
            isWaiting = true;
            stop();
          },
        },
      );
    } finally {
      signal.removeEventListener("abort", stop);
      clearInterval(watch);
    }
  }

  /** Deselects the folder if the server supports UNSELECT (RFC 3691), which removes no messages. @throws ImapFailed */
  async unselect(): Promise<void> {
    if (this.can("UNSELECT")) await this.run("UNSELECT", false);
  }

  /**
   * Returns the folders whose names match a pattern, sorted by name, with their special uses (RFC 6154).
   *
   * @throws ImapFailed
   */
  async list(pattern = "*"): Promise<ListedFolder[]> {
    const folders: ListedFolder[] = [];
    const special = this.can("LIST-EXTENDED") && this.can("SPECIAL-USE");
    await this.run(
      "LIST",
      [
        makeString(""),
        makeString(encodeFolderName(pattern)),
        ...(special ? [makeAtom("RETURN"), [makeAtom("SPECIAL-USE")]] : []),
      ],
      {
        LIST: ({ attributes: [words, delimiter, name] = [] }) => {
          const listed = readNodeText(name ?? null);
          if (listed === undefined || !isList(words)) return;
          folders.push({
            name: decodeFolderName(listed),
            delimiter: readNodeText(delimiter ?? null),
            attributes: words.map((word) => (readNodeText(word) ?? "").toLowerCase()),
          });
        },
      },
    );
    return folders.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /**
   * Returns the quotas that apply to a folder (RFC 9208); none if the server does not support quotas.
   *
   * @throws ImapFailed
   */
  async readQuotas(folder: string): Promise<Quota[]> {
    if (!this.can("QUOTA")) return [];
    const quotas: Quota[] = [];
    await this.run("GETQUOTAROOT", [folderToken(folder)], {
      QUOTAROOT: () => undefined,
      QUOTA: ({ attributes: [root, resources] = [] }) => {
        const words = isList(resources) ? resources.map((node) => readNodeText(node) ?? "") : [];
        for (let at = 0; at + 2 < words.length; at += 3) {
          const [resource = "", used, limit] = words.slice(at);
          quotas.push({ root: readNodeText(root ?? null) ?? "", resource, used: Number(used), limit: Number(limit) });
        }
      },
    });
    return quotas.filter(({ used, limit }) => Number.isSafeInteger(used) && Number.isSafeInteger(limit));
  }

  /** Creates a folder. @throws ImapFailed */
  async create(folder: string): Promise<void> {
    await this.run("CREATE", [folderToken(folder)]);
  }

  /** Removes a folder and its messages. @throws ImapFailed */
  async remove(folder: string): Promise<void> {
    await this.run("DELETE", [folderToken(folder)]);
  }
}
