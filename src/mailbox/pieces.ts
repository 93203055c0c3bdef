/** Every mailbox in pieces: by its own large reads where it has them, else message by message. */
import type { Mailbox, MessagePiece } from "./mailbox.ts";

const pieceSize = 8 << 20;

/**
 * Whole messages, or only their headers, for what looks at many of them.
 *
 * @param messages ascending
 */
export function messagePieces(
  mailbox: Mailbox,
  messages: readonly number[],
  part: "whole" | "header",
): Iterable<MessagePiece> {
  return mailbox.pieces?.(messages, part) ?? oneByOne(mailbox, messages, part);
}

/** The same without a format's own way. */
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
