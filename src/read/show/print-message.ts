/**
 * Formats messages for printing: selected fields, LF newlines, and ">" before body lines that would otherwise begin
 * another message.
 */
import type { FieldSelection } from "../../config/config.ts";
import { Flag, type MessageWindow, type StoredMessages } from "../../mailbox/mailbox.ts";
import { formatForStorage } from "../../mailbox/stored-form.ts";
import { headerFields, isStray } from "../../mailbox/stored-header.ts";
import type { Styled } from "../../terminal/terminal.ts";
import { isInterrupted } from "../session/interrupts.ts";
import type { Folder, Session } from "../session/session.ts";
import { paintMessage } from "./message-paint.ts";

const LF = 10;
const crLf = Buffer.from("\r\n");
const fromWord = Buffer.from("From ");
const newlineFrom = Buffer.from("\nFrom ");
const pieceSize = 1 << 20;

export type KeepField = (lowerName: string) => boolean;

/**
 * Returns the fields to keep: those of `retain` if it is used, otherwise all except those of `ignore`. Returns
 * undefined if all fields are kept.
 */
export function selectKeptFields({ ignored, retained }: FieldSelection): KeepField | undefined {
  if (ignored.size + retained.size === 0) return undefined;
  return retained.size > 0 ? (name) => retained.has(name) : (name) => !ignored.has(name);
}

/** Returns the letters of the Status field for a message's state; "" for a new and unread message. */
export function statusLetters(flags: number): string {
  return `${flags & Flag.Read ? "R" : ""}${flags & Flag.New ? "" : "O"}`;
}

/**
 * Yields a message in pieces, header first, in the form in which it is printed, piped and saved.
 *
 * @param flags the state for the Status field
 * @param isCopy whether the message will be appended to another mailbox
 */
export function* formatShownPieces(
  stored: StoredMessages,
  message: number,
  keep?: KeepField,
  flags = stored.flags(message),
  isCopy = false,
): Iterable<Uint8Array> {
  const status = statusLetters(flags);
  const pieces = formatForStorage(stored, message, {
    status: status === "" ? undefined : status,
    keepField: keep,
    isCopy,
  })[Symbol.iterator]();
  const header = pieces.next();
  if (header.done === true) return;
  yield selectShownFields(header.value);
  yield* formatShownBody({ [Symbol.iterator]: () => pieces });
}

/**
 * Returns a header with LF newlines. If the header contains a line that is not a field, an empty line is inserted
 * before that line.
 */
export function selectShownFields(header: Uint8Array): Uint8Array {
  const text = plainHeader(header);
  const { rest } = headerFields(text);
  return Buffer.from(isStray(rest) ? `${text.slice(0, -rest.length)}\n${rest}` : text, "latin1");
}

/** Returns the lines of a header from the first one that is not a field, including the empty line at the end. */
export function findStrayLines(header: Uint8Array): Uint8Array {
  const { rest } = headerFields(plainHeader(header));
  return Buffer.from(isStray(rest) ? rest : "", "latin1");
}

/** Returns a header with LF newlines, one character per byte. */
function plainHeader(header: Uint8Array): string {
  return Buffer.from(header).toString("latin1").replaceAll("\r\n", "\n");
}

/** Yields the body of a message in pieces. */
export function* bodyPieces(stored: StoredMessages, message: number): Iterable<Uint8Array> {
  const size = stored.size(message);
  for (let at = stored.header(message).length; at < size; at += pieceSize) {
    yield stored.read(message, at, Math.min(at + pieceSize, size));
  }
}

/**
 * Yields a body in which CRLF is replaced by LF, and `From ` at the start of a line by `>From `.
 *
 * Either sequence can be split across two pieces, so the last bytes of each piece are kept until the next piece
 * arrives.
 */
export function* formatShownBody(pieces: Iterable<Uint8Array>): Iterable<Uint8Array> {
  let waiting = Buffer.alloc(0);
  let before = LF;
  for (const piece of pieces) {
    const bytes = waiting.length === 0 ? Buffer.from(piece) : Buffer.concat([waiting, piece]);
    const end = Math.max(bytes.length - 5, 0);
    if (end > 0) {
      yield plainLines(bytes, end, before);
      before = bytes[end - 1] as number;
    }
    waiting = bytes.subarray(end);
  }
  if (waiting.length > 0) yield plainLines(waiting, waiting.length, before);
}

/** @param before the byte that precedes `bytes` */
function plainLines(bytes: Buffer, end: number, before: number): Buffer {
  // Text that needs no change, which is nearly all text, is not copied.
  const quotes = bytes.includes(newlineFrom) || (before === LF && bytes.subarray(0, 5).equals(fromWord));
  if (!quotes && !bytes.includes(crLf)) return bytes.subarray(0, end);
  const text = bytes.toString("latin1");
  let plain = "";
  let copied = 0;
  const special = /\r\n|From /g;
  for (let found = special.exec(text); found !== null && found.index < end; found = special.exec(text)) {
    const { index } = found;
    if (found[0] === "\r\n") {
      plain += text.slice(copied, index);
      copied = index + 1;
    } else if ((index === 0 ? before : bytes[index - 1]) === LF) {
      plain += `${text.slice(copied, index)}>`;
      copied = index;
    }
  }
  return Buffer.from(plain + text.slice(copied, end), "latin1");
}

export interface Printing {
  /** Whether to print all header fields, as `Print` does. */
  readonly allFields: boolean;
  /** Whether to use the pager even for a short message, as `more` does. */
  readonly paged: boolean;
}

/** Prints messages, each below its `Message N:` line. @param visit marks a message as read before it is printed */
export async function printMessages(
  session: Session,
  folder: Folder,
  messages: readonly number[],
  { allFields, paged }: Printing,
  visit: (message: number) => void,
): Promise<void> {
  const { terminal, config } = session;
  const keep = allFields ? undefined : selectKeptFields(config.shown);
  const quiet = config.settings.get("quiet");
  function* titled({ messages: opened, stored }: MessageWindow): Iterable<Styled | Uint8Array> {
    for (const message of opened) {
      visit(message);
      if (!quiet) yield { text: `Message ${message}:\n`, style: "title" };
      const pieces = formatShownPieces(stored, message, keep);
      yield* terminal.outputIsTerminal ? paintMessage(pieces) : pieces;
    }
  }
  async function* groups(): AsyncIterable<Iterable<Styled | Uint8Array>> {
    for await (const window of folder.mailbox.openMessages(messages, "whole")) yield titled(window);
  }
  if (terminal.interactive && (paged || (await isLong(session, folder, messages)))) {
    await terminal.page(config.settings.get("PAGER"), {
      [Symbol.asyncIterator]: () => groups()[Symbol.asyncIterator](),
    });
    return;
  }
  let size = 0;
  for await (const group of groups()) {
    for (const piece of group) {
      size += piece instanceof Uint8Array ? piece.length : piece.text.length;
      if (size >= 1 << 16) {
        size = 0;
        if (await isInterrupted(session)) return;
      }
      if (!(piece instanceof Uint8Array)) terminal.out(piece.text, piece.style);
      else {
        terminal.out(piece);
        if (piece.length >= 1 << 16) await terminal.flush();
      }
    }
  }
}

async function isLong(session: Session, { mailbox }: Folder, messages: readonly number[]): Promise<boolean> {
  let left = pageLimit(session);
  if (left === Number.POSITIVE_INFINITY) return false;
  for await (const { messages: opened, stored } of mailbox.openMessages(messages, "whole")) {
    for (const message of opened) {
      left -= stored.counts(message).lines ?? 0;
      if (left < 0) return true;
    }
  }
  return false;
}

/**
 * Returns the number of lines above which the pager is used. The number is the value of `crt`, or the terminal's height
 * if `crt` has no value. If `crt` is unset, the number is infinite.
 */
export function pageLimit({ config, terminal }: Session): number {
  const crt = config.settings.get("crt");
  if (crt === undefined) return Number.POSITIVE_INFINITY;
  return crt === "" ? terminal.size().rows : Number.parseInt(crt, 10) || 0;
}
