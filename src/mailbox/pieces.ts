/**
 * Reads many messages from a mailbox of any format, with the format's large reads if it supports them, otherwise
 * message by message.
 */
import type { Mailbox, MessagePiece } from "./mailbox.ts";

const pieceSize = 8 << 20;

/**
 * Yields complete messages, or only their headers.
 *
 * @param messages in ascending order
 */
export function messagePieces(
  mailbox: Mailbox,
  messages: readonly number[],
  part: "whole" | "header",
): Iterable<MessagePiece> {
  return mailbox.pieces?.(messages, part) ?? oneByOne(mailbox, messages, part);
}

/** Yields the same pieces one message at a time, instead of using the format's large reads. */
export function* oneByOne(
  mailbox: Mailbox,
  messages: readonly number[],
  part: "whole" | "header",
): Iterable<MessagePiece> {
  for (const message of messages) {
    if (part === "header") yield { message, at: 0, bytes: mailbox.header(message) };
    else {
      const size = mailbox.size(message);
      for (let at = 0; at < size; at += pieceSize) {
        yield { message, at, bytes: mailbox.read(message, at, Math.min(at + pieceSize, size)) };
      }
    }
  }
}
