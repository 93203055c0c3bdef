/** Builds the bytes of a draft for a sendmail program, for SMTP and for files. */

import { toBytes } from "../../message/text.ts";
import type { TextFacts } from "../../message/text-facts.ts";
import type { Outgoing } from "../../submit/transport.ts";
import { Body, type Built } from "../draft/body.ts";
import type { Draft } from "../draft/draft.ts";
import { estimateEncodedSize, loadEncoder, splitBodyLines } from "./body-lines.ts";
import { charsetOf, type TransferEncoding, transferEncodingOf } from "./choose-encoding.ts";
import type { Author, Stamp } from "./header-fields.ts";
import {
  buildFields,
  encodeNonAscii,
  type Field,
  fieldValue,
  formatFields,
  hasField,
  type People,
  peopleFields,
  replyFields,
  stampFields,
  typeFields,
  withoutField,
} from "./header-fields.ts";

/** Returns the date, Message-ID and MIME boundary of a new message. */
export function newStamp(mailName: string): Stamp {
  const date = new Date();
  // The value must be unique, not secret. Loading node:crypto would take as long as building the message.
  const random = Math.random().toString(36).slice(2) + Math.random().toString(36).slice(2);
  const unique = `${date.getTime().toString(36)}.${process.pid.toString(36)}.${random}`;
  return { date, messageId: `<${unique}@${mailName}>`, boundary: unique };
}

/**
 * Builds the message for a sendmail program, for the record and for dead.letter, always with the same header. The body
 * contains the bytes as typed, and the header contains the Bcc field. A message with attachments, or with the
 * variable `encoding`, is encoded as for SMTP, but keeps its Bcc field.
 *
 * @param exact whether to keep CRLF line endings; otherwise they become LF, as in bsd-mailx
 */
export async function buildRawMessage(
  draft: Draft,
  people: People,
  stamp: Stamp,
  author: Author,
  { exact }: { exact: boolean },
): Promise<Built> {
  if (draft.attachments.length > 0 || (author.encoding !== undefined && !draft.body.facts.ascii)) {
    const built = new Body();
    const message = await buildEncodedMessage(draft, people, stamp, author, { bcc: true });
    for await (const piece of message.open()) built.append(piece as Buffer);
    return built;
  }
  const { body } = draft;
  const charset = charsetOf(body.facts, author.charset);
  const fields: Field[] = [
    ...(draft.from === undefined || hasField(draft, "from") ? [] : [["From", draft.from] as const]),
    ...peopleFields(draft, people, ", ", true),
    ...typeFields(draft, charset === "us-ascii" ? (author.charset ?? "UTF-8") : charset, "8bit"),
    ...replyFields(draft),
    ...stampFields(draft, stamp),
  ];
  const header = toBytes(`${formatFields(encodeNonAscii(fields, author.charset))}\n`);
  const dropped = exact ? 0 : body.facts.returns;
  return {
    size: header.length + body.size - dropped + (body.facts.ended ? 0 : 1),
    *pieces() {
      yield header;
      yield* splitBodyLines(body, dropped > 0);
    },
  };
}

/** Returns the transfer encoding of a text. The user's choice applies to a text that needs one or is not ASCII. */
function chooseEncoding(facts: TextFacts, chosen: Author["encoding"], eightBit: boolean): TransferEncoding {
  const needed = transferEncodingOf(facts, eightBit);
  return chosen === undefined || needed === "base64" || (needed === "7bit" && facts.ascii) ? needed : chosen;
}

/**
 * Builds the message for SMTP, with an encoded body and complete addresses. The Bcc field is included only if `bcc`
 * is true.
 */
export async function buildEncodedMessage(
  draft: Draft,
  people: People,
  stamp: Stamp,
  author: Author,
  { bcc, eightBit = true }: { bcc: boolean; eightBit?: boolean },
): Promise<Outgoing> {
  const whole = draft.attachments.length === 0;
  const named = fieldValue(draft, "content-transfer-encoding");
  // base64 and quoted-printable mean that the user has encoded the body. Any other value is replaced by the correct
  // value.
  const encoded = named !== undefined && !/^(7bit|8bit|binary)$/i.test(named);
  const encoding = encoded ? "7bit" : chooseEncoding(draft.body.facts, author.encoding, eightBit);
  const kept = encoded || encoding === "7bit" || (encoding === "8bit" && named?.toLowerCase() !== "7bit");
  const labelled = kept ? draft : withoutField(draft, "content-transfer-encoding");
  const type = typeFields(labelled, charsetOf(draft.body.facts, author.charset), encoding);
  const lines = await loadEncoder(encoding);
  const needsEightBit = encoding === "8bit" || draft.attachments.some(({ facts }) => facts?.ascii === false);
  const sevenBit =
    needsEightBit && eightBit
      ? await buildEncodedMessage(draft, people, stamp, author, { bcc, eightBit: false })
      : undefined;
  const again = sevenBit === undefined ? {} : { sevenBit: () => sevenBit };
  const bodySize = estimateEncodedSize(encoding, draft.body);
  if (!whole) {
    const { buildMultipart: multipart } = await import("./multipart.ts");
    const inPart = (name: string) => /^content-(type|transfer-encoding)$/i.test(name);
    const top = { ...labelled, fields: labelled.fields.filter(({ name }) => !inPart(name)) };
    const fields: Field[] = [
      ...buildFields(top, people, stamp, author, bcc),
      ...type.filter(([name]) => !inPart(name)),
    ];
    const part = {
      header: formatFields(type.filter(([name]) => inPart(name))),
      size: bodySize,
      lines: () => lines(draft.body),
    };
    return {
      ...multipart(toBytes(formatFields(fields)), part, draft.attachments, { boundary: stamp.boundary, eightBit }),
      ...again,
    };
  }
  const header = toBytes(`${formatFields([...buildFields(labelled, people, stamp, author, bcc), ...type])}\n`);
  return {
    size: header.length + bodySize,
    messageId: fieldValue(draft, "message-id") ?? stamp.messageId,
    open: () => prependBytes(header, lines(draft.body)),
    ...again,
  };
}

async function* prependBytes(header: Buffer, body: Iterable<Buffer> | AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  yield header;
  yield* body;
}
