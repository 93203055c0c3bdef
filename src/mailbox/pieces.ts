/**
 * Reads many messages from a mailbox of any format, using large reads if the format supports them. Otherwise, each
 * message is read separately.
 */
import type { MessagePiece, MessageRun, StoredMessages } from "./mailbox.ts";

const pieceSize = 8 << 20;

/**
 * Yields complete messages, or only their headers.
 *
 * @param messages in ascending order
 */
export function messagePieces(
  stored: StoredMessages,
  messages: readonly number[],
  part: "whole" | "header",
): Iterable<MessagePiece> {
  return stored.pieces?.(messages, part) ?? oneByOne(stored, messages, part);
}

/** Yields complete messages in runs. */
export function messageRuns(stored: StoredMessages, messages: readonly number[]): Iterable<MessageRun> {
  return stored.runs?.(messages) ?? runPerMessage(stored, messages);
}

function* runPerMessage(stored: StoredMessages, messages: readonly number[]): Iterable<MessageRun> {
  for (const { message, at, bytes } of messagePieces(stored, messages, "whole")) {
    if (at > 0) continue;
    const isWhole = bytes.length === stored.size(message);
    yield { messages: [message], bytes: isWhole ? bytes : undefined, ends: [bytes.length] };
  }
}

/** Yields the same pieces message by message, without the large reads that some mailbox formats use. */
export function* oneByOne(
  stored: StoredMessages,
  messages: readonly number[],
  part: "whole" | "header",
): Iterable<MessagePiece> {
  for (const message of messages) {
    if (part === "header") yield { message, at: 0, bytes: stored.header(message) };
    else {
      const size = stored.size(message);
      for (let at = 0; at < size; at += pieceSize) {
        yield { message, at, bytes: stored.read(message, at, Math.min(at + pieceSize, size)) };
      }
    }
  }
}
