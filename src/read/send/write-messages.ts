/** Writes messages to a file: complete messages for `save` and `copy`, or only the bodies for `write`. */
import {
  type Appended,
  type AppendOptions,
  appendBytes,
  appendFlagged,
  appendMessages,
  storesFlags,
} from "../../mailbox/append.ts";
import { Flag, type StoredMessages } from "../../mailbox/mailbox.ts";
import { listFlaggedCopies } from "../../mailbox/maildir/add-messages.ts";
import { messageRuns } from "../../mailbox/pieces.ts";
import { copyRun } from "../../mailbox/verbatim-copy.ts";
import { appendOptions } from "../session/access-options.ts";
import type { Session } from "../session/session.ts";
import {
  bodyPieces,
  findStrayLines,
  formatShownBody,
  formatShownPieces,
  type KeepField,
  selectKeptFields,
  statusLetters,
} from "../show/print-message.ts";

export interface MessagesToWrite {
  readonly messages: readonly number[];
  /** The path after expansion. */
  readonly path: string;
  /** Whether copies of unread messages are stored as unread. If not, all copies are stored as read. */
  readonly keepsState?: true;
}

export type Write = (
  session: Session,
  stored: StoredMessages,
  chosen: MessagesToWrite,
  signal: AbortSignal | undefined,
) => Promise<Appended>;

export const wholeMessages: Write = (session, stored, chosen, signal) => {
  const { messages, path } = chosen;
  const keep = selectKeptFields(session.config.saved);
  const count = messages.length;
  const asRead = chosen.keepsState === true ? 0 : Flag.Read;
  if (storesFlags(path)) {
    const flagged = countProgress(session, path, count, listFlaggedCopies(stored, messages, keep, asRead !== 0));
    return appendFlagged(path, flagged, appendOptions(session, signal));
  }
  const forms = keep === undefined ? allFields(stored, messages, asRead) : someFields(stored, messages, keep, asRead);
  // Determining the lengths of Maildir messages would require opening each file.
  if (stored.offset === undefined)
    return appendMessages(path, countProgress(session, path, count, forms), appendOptions(session, signal));
  return appendMessages(path, forms, watchAppend(session, stored, chosen, signal));
};

/** Returns append options with a callback that shows the progress, in bytes, on the terminal. */
function watchAppend(
  session: Session,
  stored: StoredMessages,
  { messages, path }: MessagesToWrite,
  signal: AbortSignal | undefined,
): AppendOptions {
  const total = messages.reduce((sum, message) => sum + stored.size(message), 0);
  const tell = session.terminal.progress(path, "bytes");
  const onWritten = (bytes: number) => tell(Math.min(bytes, total), total);
  return { ...appendOptions(session, signal), onWritten };
}

/** Yields messages, and shows on the terminal how many messages have been processed. */
function* countProgress<T>(session: Session, path: string, total: number, messages: Iterable<T>): Iterable<T> {
  const tell = session.terminal.progress(path);
  let done = 0;
  try {
    for (const message of messages) {
      yield message;
      tell(++done, total);
    }
  } finally {
    tell(total, total);
  }
}

/**
 * Returns the flags of a copy.
 *
 * @param asRead Flag.Read if the copy is to be stored as read; 0 if it is to be stored as old
 */
function flagsOfCopy(stored: StoredMessages, message: number, asRead: number): number {
  const flags = stored.flags(message);
  return asRead === 0 ? flags & ~Flag.New : flags | asRead;
}

/**
 * Yields messages with some of their fields. The flags are computed separately, because the originals are not marked as
 * read until they have been copied.
 */
function* someFields(
  stored: StoredMessages,
  messages: readonly number[],
  keep: KeepField,
  asRead: number,
): Iterable<Iterable<Uint8Array>> {
  for (const message of messages)
    yield formatShownPieces(stored, message, keep, flagsOfCopy(stored, message, asRead), true);
}

function* allFields(
  stored: StoredMessages,
  messages: readonly number[],
  asRead: number,
): Iterable<Iterable<Uint8Array>> {
  const statusOf = (message: number) => statusLetters(flagsOfCopy(stored, message, asRead));
  const rebuild = (message: number) =>
    formatShownPieces(stored, message, undefined, flagsOfCopy(stored, message, asRead), true);
  for (const run of messageRuns(stored, messages)) yield* copyRun(run, statusOf, rebuild);
}

export const bodies: Write = (session, stored, chosen, signal) => {
  const { messages, path } = chosen;
  const isMaildir = stored.offset === undefined;
  const options = isMaildir ? appendOptions(session, signal) : watchAppend(session, stored, chosen, signal);
  return appendBytes(path, joinBodies(stored, messages), options);
};

/** Yields bodies, without the empty line that ends each body in the mailbox. */
function* joinBodies(stored: StoredMessages, messages: readonly number[]): Iterable<Uint8Array> {
  for (const message of messages) {
    let last: Uint8Array = Buffer.alloc(0);
    for (const piece of formatShownBody(appendStrayLines(stored, message))) {
      // The last two bytes show whether a body ends with an empty line.
      const bytes = Buffer.concat([last, piece]);
      yield bytes.subarray(0, -2);
      last = bytes.subarray(-2);
    }
    yield last.length === 2 && last.every((byte) => byte === 10) ? last.subarray(0, -1) : last;
  }
}

/** Yields a message's body. If the header is malformed, the lines that are not fields precede the body. */
function* appendStrayLines(stored: StoredMessages, message: number): Iterable<Uint8Array> {
  yield findStrayLines(stored.header(message));
  yield* bodyPieces(stored, message);
}
