import { linesOf } from "../message/text.ts";
import type { Mailbox } from "./mailbox.ts";
import { quoteFromLines } from "./quoted-lines.ts";
import { withStatus } from "./status.ts";

const pieceSize = 1 << 20;

/** What of a mailbox is needed for it. */
export type MessageBytes = Pick<Mailbox, "header" | "read" | "size">;

export interface StoredFormOptions {
  /** The Status field to store; without it the header stays as it is. */
  readonly status?: string;
  /** Which header fields stay, by lower-case name; folded lines go with their field. */
  readonly keepField?: (lowerName: string) => boolean;
}

/** From the first line that is no field on all stays: it may be text whose empty line got lost. */
function selectFields(header: Buffer, keep: (lowerName: string) => boolean): Buffer {
  const lines = linesOf(header.toString("latin1"));
  let kept = true;
  let stray = false;
  const selected = lines.filter((line, index) => {
    if (index === 0 || stray) return true;
    const folded = index > 1 && /^[ \t]/.test(line);
    const name = folded ? undefined : /^([^\s:]+)[ \t]*:/.exec(line)?.[1];
    stray = !folded && name === undefined;
    if (stray) return true;
    if (name !== undefined) kept = keep(name.toLowerCase());
    return kept;
  });
  return Buffer.from(selected.join(""), "latin1");
}

/**
 * A message's bytes as they are stored elsewhere, in pieces: another Status, fewer fields.
 *
 * With a Status of its own a message is written anew, and then a body line `From ` becomes `>From `, as bsd-mailx has it.
 */
export function* storedForm(
  mailbox: MessageBytes,
  message: number,
  { status, keepField }: StoredFormOptions = {},
): Iterable<Uint8Array> {
  const original = mailbox.header(message);
  let header = status === undefined ? original : withStatus(original, status);
  if (keepField !== undefined) header = selectFields(header, keepField);
  yield header;
  const body = bodyPieces(mailbox, message, original.length);
  yield* status === undefined ? body : quoteFromLines(body);
}

function* bodyPieces(mailbox: MessageBytes, message: number, start: number): Iterable<Uint8Array> {
  const size = mailbox.size(message);
  for (let at = start; at < size; at += pieceSize) yield mailbox.read(message, at, Math.min(size, at + pieceSize));
}
