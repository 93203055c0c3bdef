/** Adds messages to a Maildir, all or none: for `save` and `copy`, for `record`, and for delivery. */
import { parseHeader } from "../../message/header.ts";
import { addPathToError } from "../../system-error.ts";
import { headerEnd } from "../header-bytes.ts";
import type { StoredMessages } from "../mailbox.ts";
import { formatForStorage } from "../stored-form.ts";
import { maildirForm } from "./maildir-form.ts";
import { Delivery, type Filing, makeFiling } from "./safe-delivery.ts";

/** A message without its From_ line and without the header fields that express its state. */
export interface FlaggedMessage {
  readonly pieces: Iterable<Uint8Array>;
  readonly filing: Filing;
}

/**
 * Adds messages to a Maildir.
 *
 * @param signal aborts the operation; the error is the signal's reason
 * @throws MailError with the system's reason; nothing was added
 */
export async function addToMaildir(
  path: string,
  messages: Iterable<FlaggedMessage>,
  signal?: AbortSignal,
): Promise<{ created: boolean }> {
  const delivery = new Delivery(path);
  try {
    for (const message of messages) {
      await delivery.add(message.pieces, message.filing);
      signal?.throwIfAborted();
    }
    await delivery.publish();
  } catch (error) {
    delivery.withdraw();
    throw addPathToError(path, error);
  }
  return { created: delivery.created };
}

/** Yields copies of a mailbox's messages, with their flags. @param asRead whether to mark the copies as seen */
export function* listFlaggedCopies(
  stored: StoredMessages,
  messages: readonly number[],
  keepField: ((lowerName: string) => boolean) | undefined,
  asRead: boolean,
): Iterable<FlaggedMessage> {
  for (const message of messages) {
    const fromMaildir = stored.letters !== undefined;
    const form = maildirForm(formatForStorage(stored, message, { keepField, isCopy: !fromMaildir }), { fromMaildir });
    yield {
      pieces: form.pieces,
      filing: makeFiling(`${asRead ? "S" : ""}${stored.letters?.(message) ?? form.letters}`, "cur", form.date),
    };
  }
}

/** Converts messages that are in mbox form: flags replace their Status and X-Status fields. */
export function* convertToFlagged(messages: Iterable<Iterable<Uint8Array>>): Iterable<FlaggedMessage> {
  for (const message of messages) {
    const form = maildirForm(message);
    yield { pieces: form.pieces, filing: makeFiling(form.letters, "new", form.date) };
  }
}

/**
 * Stores a message that a server or a program delivers.
 *
 * @param sender the envelope sender, used if the Return-Path field is missing; empty for the null sender
 * @param letters the flags in the file's name: `S` for a message that the user has already seen
 */
export async function fileMessage(
  path: string,
  { sender, date, message }: { sender: string; date: Date; message: Uint8Array | Iterable<Uint8Array> },
  letters = "",
): Promise<void> {
  const pieces = withReturnPath(message instanceof Uint8Array ? [message] : message, sender);
  await addToMaildir(path, [{ pieces, filing: makeFiling(letters, "new", date) }]);
}

/** Yields a message with Return-Path prepended if it has none. Only the header is kept in memory. */
function* withReturnPath(pieces: Iterable<Uint8Array>, sender: string): Iterable<Uint8Array> {
  let beginning = Buffer.alloc(0);
  let isHeaderRead = false;
  const front = (header: Buffer) =>
    parseHeader(header).get("return-path") === undefined ? [Buffer.from(`Return-Path: <${sender}>\n`)] : [];
  for (const piece of pieces) {
    if (isHeaderRead) {
      yield piece;
      continue;
    }
    beginning = Buffer.concat([beginning, piece]);
    const end = headerEnd(beginning, 0);
    if (end === undefined) continue;
    isHeaderRead = true;
    yield* front(beginning.subarray(0, end));
    yield beginning;
    beginning = Buffer.alloc(0);
  }
  if (isHeaderRead) return;
  yield* front(beginning);
  yield beginning;
}
