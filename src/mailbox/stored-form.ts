import { copyHeader } from "./copied-header.ts";
import { farStatus } from "./far-status.ts";
import { quoteFromLines } from "./from-line.ts";
import { isHeaderContinued } from "./header-bytes.ts";
import type { StoredMessages } from "./mailbox.ts";
import { withMarks } from "./marks.ts";
import { statusField, withStatus } from "./status.ts";
import { headerFields } from "./stored-header.ts";

const pieceSize = 1 << 20;

/** The methods of a mailbox that this module uses. */
export type MessageBytes = Pick<StoredMessages, "header" | "read" | "size">;

export interface StoredFormOptions {
  /** The value of the Status field to store. If this value is undefined, the header stays unchanged. */
  readonly status?: string | undefined;
  /**
   * The message's flags, including the marks to be stored in X-Status. The flags are ignored if `status` is undefined.
   */
  readonly flags?: number;
  /**
   * Returns whether a header field, including its folded lines, is kept. If this function is missing, all fields are
   * kept.
   */
  readonly keepField?: ((lowerName: string) => boolean) | undefined;
  /** Whether the message is added to another mailbox; see copyHeader. */
  readonly isCopy?: boolean;
  /** Whether a Content-Length protects the `From ` lines in the body. If so, the body's length must not change. */
  readonly isMeasured?: boolean;
}

function selectFields(header: Buffer, keep: (lowerName: string) => boolean): Buffer {
  const { fromLine, fields, rest } = headerFields(header.toString("latin1"));
  const kept = fields.filter(({ name }) => keep(name)).map(({ text }) => text);
  return Buffer.from(fromLine + kept.join("") + rest, "latin1");
}

/**
 * Yields a message's bytes as they will be stored elsewhere, with a new Status or with fewer fields. The first piece is
 * the header.
 *
 * If the Status changes, a `From ` line in the body is quoted as `>From `, as in bsd-mailx, unless a Content-Length
 * determines the end of the body.
 */
export function* formatForStorage(
  stored: MessageBytes,
  message: number,
  { status, flags = 0, keepField, isCopy = false, isMeasured = false }: StoredFormOptions = {},
): Iterable<Uint8Array> {
  const original = stored.header(message);
  const size = stored.size(message);
  const isCut = status !== undefined && isHeaderContinued(original, size);
  const far = isCut ? farStatus(stored, message, original.length) : undefined;
  let header =
    status === undefined ? original : withMarks(withStatus(original, status, isCut && far === undefined), flags);
  if (keepField !== undefined) header = selectFields(header, keepField);
  yield isCopy ? copyHeader(header) : header;
  if (status === undefined || isMeasured) yield* readBody(stored, message, original.length, size);
  else if (far === undefined) yield* quoteFromLines(readBody(stored, message, original.length, size));
  else {
    yield* quoteFromLines(readBody(stored, message, original.length, far.start));
    yield statusField(original, status);
    yield* quoteFromLines(readBody(stored, message, far.end, size));
  }
}

function* readBody(stored: MessageBytes, message: number, start: number, end: number): Iterable<Uint8Array> {
  for (let at = start; at < end; at += pieceSize) yield stored.read(message, at, Math.min(end, at + pieceSize));
}
