/** Quotes a message in a draft. The quoted text is decoded, and converted to the charset of the user's text. */
import { ttyCharset } from "../../config/settings.ts";
import type { StoredMessages } from "../../mailbox/mailbox.ts";
import { nodeCharsets } from "../../message/charsets.ts";
import { decodeWords } from "../../message/decode-words.ts";
import { type Header, headerParts, parseHeader } from "../../message/header.ts";
import { findDeclaredCharset, parseStructured } from "../../message/parameters.ts";
import { decodeBytes, toBytes } from "../../message/text.ts";
import type { Session } from "../session/session.ts";
import { viewStoredBytes } from "./print-decoded.ts";
import { formatShownPieces, selectKeptFields } from "./print-message.ts";

/**
 * Returns a message for quoting. As in bsd-mailx, plain text is quoted byte for byte. Encoded or multipart text is
 * decoded.
 */
export async function quoteMessage(
  session: Session,
  stored: StoredMessages,
  message: number,
  allFields: boolean,
): Promise<Buffer> {
  const keep = allFields ? undefined : selectKeptFields(session.config.shown);
  const shown = [...formatShownPieces(stored, message, keep)];
  const [header] = shown;
  if (header === undefined || !isEncoded(parseHeader(stored.header(message)))) return Buffer.concat(shown);
  const fields = decodeHeader(header, findDeclaredCharset(parseHeader(stored.header(message))));
  return Buffer.concat([await encodeInTtyCharset(session, fields), await readQuotedText(session, stored, message)]);
}

/** Returns a header with each of its fields decoded. */
function decodeHeader(header: Uint8Array, bodyCharset: string): string {
  let decoded = "";
  let copied = 0;
  for (const { start, end } of headerParts(header)) {
    const [between, field] = [header.subarray(copied, start), header.subarray(start, end)];
    decoded += decodeBytes(between) + decodeWords(decodeBytes(field), nodeCharsets, () => bodyCharset);
    copied = end;
  }
  return decoded + decodeBytes(header.subarray(copied));
}

/** Returns the text of a message without its header, with LF newlines. */
export async function readQuotedText(session: Session, stored: StoredMessages, message: number): Promise<Buffer> {
  if (!isEncoded(parseHeader(stored.header(message)))) {
    const [, ...body] = formatShownPieces(stored, message);
    return Buffer.concat(body);
  }
  const { plainTextOf } = await import("../../message/view/view.ts");
  return encodeInTtyCharset(session, await plainTextOf(viewStoredBytes(stored, message)));
}

/** Returns whether a message's text must be decoded. */
function isEncoded(header: Header): boolean {
  const encoding = header.get("content-transfer-encoding")?.trim() ?? "";
  if (/^(?:base64|quoted-printable)$/i.test(encoding)) return true;
  const { value, parameters } = parseStructured(header.get("content-type") ?? "");
  if (!/^(?:text\/plain)?$/i.test(value)) return true;
  return !/^(?:us-ascii|utf-?8|)$/i.test(parameters.get("charset") ?? "");
}

/**
 * Returns text encoded in the terminal's charset, or in UTF-8 if that charset lacks a character. The draft is then
 * labelled UTF-8.
 */
async function encodeInTtyCharset({ config }: Session, text: string): Promise<Buffer> {
  const charset = ttyCharset(config);
  if (charset === undefined) return toBytes(text);
  const { default: iconv } = await import("iconv-lite");
  if (!iconv.encodingExists(charset)) return toBytes(text);
  const encoded = iconv.encode(text, charset);
  return iconv.decode(encoded, charset) === text ? encoded : toBytes(text);
}
