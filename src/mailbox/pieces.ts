/**
 * Reads many messages from a mailbox of any format, with the format's large reads if it supports them, otherwise
 * message by message.
 */
import type { MessagePiece, StoredMessages } from "./mailbox.ts";

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

/** Yields the same pieces message by message, without the format's large reads. */
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
