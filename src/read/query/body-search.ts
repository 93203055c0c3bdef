/**
 * `body:`: text in the body, whatever its case.
 *
 * Most bodies are stored as they read: they are searched as bytes, at the speed of memory. Where the header tells of
 * MIME, a transfer encoding or a charset of its own, the text parts are decoded, those messages only.
 */
import { nodeCharsets } from "../../message/charsets.ts";
import { toBytes } from "../../message/text.ts";
import { leaves, parseParts } from "../../message/view/part.ts";
import { partText } from "../../message/view/part-text.ts";
import type { Candidate } from "./candidate.ts";
import { fold } from "./fold.ts";

const encoded =
  /^content-transfer-encoding:\s*(?:base64|quoted-printable)|^content-type:\s*(?:multipart|message)\/|charset\s*=\s*"?(?!us-ascii|utf-?8)[a-z0-9]/im;
const mimeField = /^content-t/im;
const pieceSize = 8 << 20;
/** Of an encoded text, so many bytes are looked at. */
const longestText = 64 << 20;

export function bodyContains(text: string): (candidate: Candidate) => boolean {
  const wanted = fold(text);
  const ascii = /^[\x00-\x7f]*$/.test(text);
  // In a body of ASCII there is nothing to be found for any other text, and UTF-8 is to be folded as text.
  const asStored = new RegExp(
    toBytes(text)
      .toString("latin1")
      .replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"),
    ascii ? "i" : "",
  );
  const inText = (bytes: Buffer) =>
    ascii ? asStored.test(bytes.toString("latin1")) : fold(bytes.toString()).includes(wanted);
  return (candidate) => {
    const { header } = candidate;
    if (mimeField.test(header) && encoded.test(header)) {
      const texts = leaves(parseParts(candidate.source)).filter(({ type }) => type.startsWith("text/"));
      return texts.some((part) => fold(partText(part, nodeCharsets, longestText)).includes(wanted));
    }
    const { whole } = candidate;
    if (whole === undefined) return inPieces(candidate, header.length, toBytes(text).length, inText);
    return inText(whole.subarray(header.length));
  };
}

function inPieces(candidate: Candidate, start: number, overlap: number, found: (bytes: Buffer) => boolean): boolean {
  const { mailbox, message, size } = candidate;
  for (let at = start; at < size; at += pieceSize) {
    if (found(mailbox.read(message, at, Math.min(size, at + pieceSize + overlap)))) return true;
  }
  return false;
}
