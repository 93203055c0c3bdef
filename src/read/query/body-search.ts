/**
 * `body:`: text in the body, whatever its case.
 *
 * Most bodies are stored as they read: they are searched as bytes, at the speed of memory. Where the header tells of
 * MIME, a transfer encoding or a charset of its own, the text parts are decoded, those messages only.
 */
import { leafParts, partText } from "../../message/leaf-parts.ts";
import { toBytes } from "../../message/text.ts";
import type { Candidate } from "./candidate.ts";
import { fold } from "./fold.ts";

const encoded =
  /^content-transfer-encoding:\s*(?:base64|quoted-printable)|^content-type:\s*(?:multipart|message)\/|charset\s*=\s*"?(?!us-ascii|utf-?8)[a-z0-9]/im;
const mimeField = /^content-t/im;
const pieceSize = 8 << 20;

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
    const whole = candidate.whole;
    if (whole === undefined) return inPieces(candidate, header.length, toBytes(text).length, inText);
    if (!mimeField.test(header) || !encoded.test(header)) return inText(whole.subarray(header.length));
    for (const part of leafParts(whole)) {
      if (part.type.startsWith("text/") && fold(partText(part)).includes(wanted)) return true;
    }
    return false;
  };
}

function inPieces(candidate: Candidate, start: number, overlap: number, found: (bytes: Buffer) => boolean): boolean {
  const { mailbox, message, size } = candidate;
  for (let at = start; at < size; at += pieceSize) {
    if (found(mailbox.read(message, at, Math.min(size, at + pieceSize + overlap)))) return true;
  }
  return false;
}
