import { copyHeader } from "./copied-header.ts";
import { farStatus } from "./far-status.ts";
import { quoteFromLines } from "./from-line.ts";
import { goesOn } from "./header-bytes.ts";
import type { Mailbox } from "./mailbox.ts";
import { statusField, withStatus } from "./status.ts";
import { headerFields } from "./stored-header.ts";

const pieceSize = 1 << 20;

/** What of a mailbox is needed for it. */
export type MessageBytes = Pick<Mailbox, "header" | "read" | "size">;

export interface StoredFormOptions {
  /** The Status field to store; without it the header stays as it is. */
  readonly status?: string | undefined;
  /** Which header fields stay, by lower-case name; folded lines go with their field. Without it all do. */
  readonly keepField?: ((lowerName: string) => boolean) | undefined;
  /** The message is added to another mailbox; see copiedHeader. */
  readonly isCopy?: boolean;
  /** A Content-Length protects the lines `From ` of the body, which must stay as long as it is. */
  readonly isMeasured?: boolean;
}

function selectFields(header: Buffer, keep: (lowerName: string) => boolean): Buffer {
  const { fromLine, fields, rest } = headerFields(header.toString("latin1"));
  const kept = fields.filter(({ name }) => keep(name)).map(({ text }) => text);
  return Buffer.from(fromLine + kept.join("") + rest, "latin1");
}

/**
 * Yields a message's bytes as they are stored elsewhere, in pieces, the header first: another Status, fewer fields.
 *
 * With a Status of its own a message is written anew, and then a body line `From ` becomes `>From `, as bsd-mailx has it,
 * unless the body is measured.
 */
export function* storedForm(
  mailbox: MessageBytes,
  message: number,
  { status, keepField, isCopy = false, isMeasured = false }: StoredFormOptions = {},
): Iterable<Uint8Array> {
  const original = mailbox.header(message);
  const size = mailbox.size(message);
  const isCut = status !== undefined && goesOn(original, size);
  const far = isCut ? farStatus(mailbox, message, original.length) : undefined;
  let header = status === undefined ? original : withStatus(original, status, isCut && far === undefined);
  if (keepField !== undefined) header = selectFields(header, keepField);
  yield isCopy ? copyHeader(header) : header;
  if (status === undefined || isMeasured) yield* readBody(mailbox, message, original.length, size);
  else if (far === undefined) yield* quoteFromLines(readBody(mailbox, message, original.length, size));
  else {
    yield* quoteFromLines(readBody(mailbox, message, original.length, far.start));
    yield statusField(original, status);
    yield* quoteFromLines(readBody(mailbox, message, far.end, size));
  }
}

function* readBody(mailbox: MessageBytes, message: number, start: number, end: number): Iterable<Uint8Array> {
  for (let at = start; at < end; at += pieceSize) yield mailbox.read(message, at, Math.min(end, at + pieceSize));
}
