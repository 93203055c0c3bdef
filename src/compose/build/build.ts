/** Builds the bytes of a draft for a sendmail program, for SMTP and for files. */

import { toBytes } from "../../message/text.ts";
import type { Outgoing } from "../../submit/transport.ts";
import {
  Body,
  type Built,
  charsetOf,
  type TextFacts,
  type TransferEncoding,
  transferEncodingOf,
} from "../draft/body.ts";
import type { Draft } from "../draft/draft.ts";
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

import type { TextPart } from "./multipart.ts";

/** Returns the date, Message-ID and MIME boundary for a new message. */
export function newStamp(mailName: string): Stamp {
  const date = new Date();
  // The value must be unique, but need not be secret. Loading node:crypto would take as long as building the message.
  const random = Math.random().toString(36).slice(2) + Math.random().toString(36).slice(2);
  const unique = `${date.getTime().toString(36)}.${process.pid.toString(36)}.${random}`;
  return { date, messageId: `<${unique}@${mailName}>`, boundary: unique };
}

/**
 * Builds the message for a sendmail program, for the record and for dead.letter, always with the same header. The body
 * contains the bytes as typed, and the header contains the Bcc field. A message with attachments is encoded as for
 * SMTP, but keeps its Bcc field. If the `encoding` variable is set, every message is encoded as for SMTP.
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
  const { encoding: chosen, html } = draft.form;
  const isEncoded = chosen !== undefined || (author.encoding !== undefined && !draft.body.facts.ascii);
  if (draft.attachments.length > 0 || html === true || isEncoded) {
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

/**
 * Returns the transfer encoding for text: the user's choice, unless the text requires base64 or is ASCII that needs no
 * encoding.
 */
function chooseEncoding(facts: TextFacts, chosen: Author["encoding"], eightBit: boolean): TransferEncoding {
  const needed = transferEncodingOf(facts, eightBit);
  return chosen === undefined || needed === "base64" || (needed === "7bit" && facts.ascii) ? needed : chosen;
}

/**
 * Returns the encoding of the body: the value of --encoding, even for ASCII text, or else that of the `encoding`
 * variable.
 */
function encodeAsRequested({ body, form }: Draft, author: Author, eightBit: boolean): TransferEncoding {
  const { encoding } = form;
  if (encoding === undefined) return chooseEncoding(body.facts, author.encoding, eightBit);
  return encoding === "7bit" || encoding === "8bit" ? transferEncodingOf(body.facts, eightBit) : encoding;
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
  // base64 and quoted-printable mean that the user has encoded the body. Any other encoding that the user names is
  // replaced by the correct one if it is wrong.
  const encoded = named !== undefined && !/^(7bit|8bit|binary)$/i.test(named);
  const encoding = encoded ? "7bit" : encodeAsRequested(draft, author, eightBit);
  const kept = encoded || encoding === "7bit" || (encoding === "8bit" && named?.toLowerCase() !== "7bit");
  const labelled = kept ? draft : withoutField(draft, "content-transfer-encoding");
  const type = typeFields(labelled, charsetOf(draft.body.facts, author.charset), encoding);
  const lines = await loadEncoder(encoding);
  const plain = draft.form.html === true ? await writePlainForm(draft, author, eightBit) : undefined;
  const needsEightBit =
    encoding === "8bit" || plain?.encoding === "8bit" || draft.attachments.some(({ facts }) => facts?.ascii === false);
  const sevenBit =
    needsEightBit && eightBit
      ? await buildEncodedMessage(draft, people, stamp, author, { bcc, eightBit: false })
      : undefined;
  const again = sevenBit === undefined ? {} : { sevenBit: () => sevenBit };
  const bodySize = estimateEncodedSize(encoding, draft.body);
  if (!whole || plain !== undefined) {
    const { buildMultipart: multipart, joinForms } = await import("./multipart.ts");
    const inPart = (name: string) => /^content-(type|transfer-encoding)$/i.test(name);
    const top = { ...labelled, fields: labelled.fields.filter(({ name }) => !inPart(name)) };
    const fields: Field[] = [
      ...buildFields(top, people, stamp, author, bcc),
      ...type.filter(([name]) => !inPart(name)),
    ];
    const body: TextPart = {
      header: formatFields(type.filter(([name]) => inPart(name))),
      size: bodySize,
      lines: () => lines(draft.body),
    };
    const widest = encoding === "8bit" || plain?.encoding === "8bit" ? "8bit" : "7bit";
    const part =
      plain === undefined ? body : joinForms([plain.part, body], { boundary: stamp.boundary, encoding: widest });
    if (whole) {
      const start = toBytes(`${formatFields(fields)}${part.header}\n`);
      return {
        size: start.length + part.size,
        messageId: fieldValue(draft, "message-id") ?? stamp.messageId,
        open: () => prependBytes(start, part.lines()),
        ...again,
      };
    }
    const subtype = draft.form.alternative === true ? "alternative" : "mixed";
    return {
      ...multipart(toBytes(formatFields(fields)), part, draft.attachments, {
        boundary: stamp.boundary,
        eightBit,
        subtype,
      }),
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

/** Returns the plain-text alternative of an HTML body as a separate part. */
async function writePlainForm(
  { body, form }: Draft,
  { charset }: Author,
  eightBit: boolean,
): Promise<{ part: TextPart; encoding: TransferEncoding }> {
  const text = new Body();
  text.append(Buffer.from(form.plainForm ?? (await renderPlainForm(body, charset))));
  const encoding = transferEncodingOf(text.facts, eightBit);
  const lines = await loadEncoder(encoding);
  const header = formatFields([
    ["Content-Type", `text/plain; charset=${charsetOf(text.facts)}`],
    ["Content-Transfer-Encoding", encoding],
  ]);
  return { part: { header, size: estimateEncodedSize(encoding, text), lines: () => lines(text) }, encoding };
}

async function renderPlainForm(body: Body, charset: string | undefined): Promise<string> {
  const { htmlText } = await import("../../message/view/html-text.ts");
  const { guess, moreCharsets } = await import("../../message/charsets.ts");
  const decode = body.facts.utf8 || charset === undefined ? guess : ((await moreCharsets())(charset) ?? guess);
  return `${(await htmlText(decode(body.bytes()), 72)).trim()}\n`;
}

async function* prependBytes(header: Buffer, body: Iterable<Buffer> | AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  yield header;
  yield* body;
}

/** Returns a function that yields the lines of a body in the given encoding, with LF line endings. */
async function loadEncoder(
  encoding: TransferEncoding,
): Promise<(body: Body) => Iterable<Buffer> | AsyncIterable<Buffer>> {
  if (encoding === "7bit" || encoding === "8bit") return (body) => splitBodyLines(body, body.facts.returns > 0);
  const { transferEncode } = await import("./transfer-encode.ts");
  return (body) => transferEncode(encoding, body);
}

/** Returns the estimated size of an encoded body. The estimate must not be too small (RFC 1870). */
function estimateEncodedSize(encoding: TransferEncoding, { size, facts }: Body): number {
  if (encoding === "base64") return Math.ceil(size / 3) * 4 + Math.ceil(size / 57);
  if (encoding === "quoted-printable") return facts.ascii ? Math.ceil(size * 1.05) : size * 2;
  return size - facts.returns + (facts.ended ? 0 : 1);
}

/** Yields the body with a final newline and, if `dropReturns` is true, with LF instead of CRLF. */
export function* splitBodyLines(body: Body, dropReturns: boolean): Iterable<Buffer> {
  if (dropReturns) yield* withoutReturns(body.pieces());
  else yield* body.pieces();
  if (!body.facts.ended) yield Buffer.from("\n");
}

/** Converts CRLF to LF. Other CRs are kept. */
function* withoutReturns(pieces: Iterable<Buffer>): Iterable<Buffer> {
  let held = false;
  for (const piece of pieces) {
    const text: string = (held ? "\r" : "") + piece.toString("latin1");
    held = text.endsWith("\r");
    yield Buffer.from((held ? text.slice(0, -1) : text).replaceAll("\r\n", "\n"), "latin1");
  }
  if (held) yield Buffer.from("\r");
}
