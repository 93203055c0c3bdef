/**
 * Converts a message from mbox to Maildir form: fields that only an mbox needs are removed, and the state is stored in
 * the file's name.
 */
import { headerParts, parseHeader, startsWithFrom } from "../../message/header.ts";
import { headerIn } from "../header-bytes.ts";
import { flagsOfStatus, xStatusOf } from "./flags.ts";

export interface MaildirForm {
  /** The values of Status and X-Status, converted to flags for a file's name. */
  readonly letters: string;
  /** The delivery date in the From_ line. */
  readonly date: Date | undefined;
  readonly pieces: Iterable<Uint8Array>;
}

/**
 * Removes the From_ line, the final empty line, and the Status and X-Status fields of a message in mbox form. If the
 * message has no Return-Path, a Return-Path with the From_ line's address is added.
 *
 * @param message in mbox form, in pieces of any size
 * @param fromMaildir whether the message comes from a Maildir; if so, its From_ line was generated, and its header is
 *   left unchanged
 */
export function maildirForm(message: Iterable<Uint8Array>, { fromMaildir = false } = {}): MaildirForm {
  const pieces = message[Symbol.iterator]();
  let head: Buffer = Buffer.alloc(0);
  let known: Buffer | undefined;
  for (let piece = pieces.next(); piece.done !== true; piece = pieces.next()) {
    head = head.length === 0 ? Buffer.from(piece.value) : Buffer.concat([head, piece.value]);
    known = headerIn(head);
    if (known !== undefined) break;
  }
  const header = known ?? head;
  const rest = head.subarray(header.length);
  const { fromLine, date } = takeFromLine(header);
  const body = withoutLastLine({ first: rest, pieces });
  const fields = fromMaildir ? header.subarray(fromLine.length) : fieldsFor(header, fromLine);
  return { letters: flagsOfStatus(header), date, pieces: prependHeader(fields, body) };
}

function* prependHeader(first: Buffer, pieces: Iterable<Uint8Array>): Iterable<Uint8Array> {
  yield first;
  yield* pieces;
}

function takeFromLine(header: Buffer): { fromLine: Buffer; date: Date | undefined } {
  if (!startsWithFrom(header)) return { fromLine: Buffer.alloc(0), date: undefined };
  const fromLine = header.subarray(0, header.indexOf(10) + 1 || header.length);
  const [, text = ""] =
    /((?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} .*)$/.exec(fromLine.toString("latin1").trimEnd()) ?? [];
  const date = new Date(text);
  return { fromLine, date: Number.isNaN(date.getTime()) ? undefined : date };
}

/**
 * Yields a stored message with an X-Status field for the flags that a Status field cannot express (R, F, D). The first
 * piece of `form` is the header.
 */
export function* withLetters(form: Iterable<Uint8Array>, letters: string): Iterable<Uint8Array> {
  const value = xStatusOf(letters);
  let header = value !== "";
  for (const piece of form) {
    if (!header) {
      yield piece;
      continue;
    }
    header = false;
    const end = /\r?\n$/.exec(Buffer.from(piece).toString("latin1"));
    const at = end?.index ?? piece.length;
    yield piece.subarray(0, at);
    if (parseHeader(piece).get("x-status") === undefined) {
      const lineEnd = end?.[0] ?? "\n";
      yield Buffer.from(`${at > 0 && piece[at - 1] !== 10 ? lineEnd : ""}X-Status: ${value}${lineEnd}`);
    }
    yield piece.subarray(at);
  }
}

function fieldsFor(header: Buffer, fromLine: Buffer): Buffer {
  const kept: Buffer[] = [];
  let at = fromLine.length;
  for (const { start, end, name } of headerParts(header)) {
    if (name !== "status" && name !== "x-status") continue;
    kept.push(header.subarray(at, start));
    at = end;
  }
  kept.push(header.subarray(at));
  const [, user = ""] = /^From[ \t]+(\S+)/.exec(fromLine.toString("latin1")) ?? [];
  if (user !== "" && parseHeader(header).get("return-path") === undefined) {
    const address = user === "MAILER-DAEMON" ? "" : user.replace(/^<|>$/g, "");
    const lineEnd = fromLine.toString("latin1").endsWith("\r\n") ? "\r\n" : "\n";
    kept.unshift(Buffer.from(`Return-Path: <${address}>${lineEnd}`, "latin1"));
  }
  return Buffer.concat(kept);
}

/** Yields the body without the empty line that separates it from the next message in an mbox. */
function* withoutLastLine({ first, pieces }: { first: Buffer; pieces: Iterator<Uint8Array> }): Iterable<Uint8Array> {
  let held: Buffer = first;
  for (let piece = pieces.next(); piece.done !== true; piece = pieces.next()) {
    const bytes = Buffer.concat([held, piece.value]);
    const end = Math.max(bytes.length - 4, 0);
    if (end > 0) yield bytes.subarray(0, end);
    held = bytes.subarray(end);
  }
  const text = held.toString("latin1");
  const ending = /(?<=^|\n)\r?\n$/.exec(text);
  yield ending === null ? held : held.subarray(0, ending.index);
}
