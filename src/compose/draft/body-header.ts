/** Moves the header at the start of the input into the draft, for -t. */

import { Exit, MailError } from "../../errors.ts";
import { parseAddresses, splitAtCommas } from "../../message/address.ts";
import { headerParts, parseHeader } from "../../message/header.ts";
import { pushAll } from "../../message/lists.ts";
import { isMailFieldName } from "../../message/registered-fields.ts";
import { Body } from "./body.ts";
import type { Draft } from "./draft.ts";

/** The maximum size of a header in bytes. Any further text belongs to the body. */
const longest = 4 * 1024 * 1024;

/**
 * Moves the header at the start of the body into the draft. The header ends at an empty line or the first line that is
 * not a field. Values from the command line take precedence over the same fields in the header, except that Cc and Bcc
 * recipients are combined.
 *
 * If the command line names recipients, those in the header are not added, because the input may be a log. The input
 * then needs no header.
 *
 * @returns the fields whose recipients were not added
 * @throws MailError if there is no header
 */
export function takeHeader(draft: Draft): string[] {
  const start = startOfBody(draft.body);
  const end = endOfTypedHeader(start);
  const hasRecipients = draft.to.some((item) => item.trim() !== "");
  if (hasRecipients && !isHeader(start, end)) return [];
  if (end === 0) throw new MailError("-t: the input does not begin with a header; nothing was sent", Exit.DataErr);
  const header = parseHeader(start.subarray(0, end));
  const left: string[] = [];
  for (const { name, value } of header.fields) {
    const lower = name.toLowerCase();
    if (hasRecipients && /^(?:to|cc|bcc)$/.test(lower)) {
      if (value.trim() !== "") left.push(`${name}: ${value.trim()}`);
      continue;
    }
    // A group without members, such as undisclosed-recipients:;
    if (lower === "to" && value.trim() !== "" && parseAddresses(value).length === 0) draft.shownTo = value.trim();
    else if (lower === "to" || lower === "cc" || lower === "bcc") pushAll(draft[lower], splitAtCommas(value));
    else if (lower === "subject") draft.subject ??= value;
    else if (lower === "from") draft.from ??= value;
    else if (lower === "reply-to") draft.replyTo ??= value;
    else if (!draft.fields.some((field) => field.name.toLowerCase() === lower)) draft.fields.push({ name, value });
  }
  const body = new Body();
  const skipped = end + (/^\r?\n/.exec(start.toString("latin1", end, end + 2))?.[0].length ?? 0);
  for (const piece of draft.body.pieces(skipped)) body.append(piece);
  draft.body.close();
  draft.body = body;
  // Until the recipients are known, the message consists of the header as typed and the body.
  const taken = start.subarray(0, skipped);
  draft.whole = async () => ({
    size: taken.length + body.size,
    *pieces() {
      yield taken;
      yield* body.pieces();
    },
  });
  return left;
}

/**
 * Text may begin like a field, for example with `Error: disk full`. A header starts with a known field and ends at an
 * empty line.
 */
function isHeader(start: Buffer, end: number): boolean {
  const [first] = headerParts(start);
  if (end === 0 || first?.name === undefined || !isMailFieldName(first.name)) return false;
  return end === start.length || /^\r?\n/.test(start.toString("latin1", end, end + 2));
}

function startOfBody(body: Body): Buffer {
  const pieces: Buffer[] = [];
  let size = 0;
  for (const piece of body.pieces()) {
    pieces.push(piece);
    size += piece.length;
    if (size >= longest || /\n\r?\n/.test(piece.toString("latin1"))) break;
  }
  return Buffer.concat(pieces);
}

/** Returns the offset after the last field. */
function endOfTypedHeader(start: Buffer): number {
  let end = 0;
  for (const part of headerParts(start)) {
    if (part.name === undefined) break;
    end = part.end;
  }
  return end;
}
