/**
 * `body:`: text in the body, whatever its case.
 *
 * Most bodies are stored as they read: they are searched as bytes, at the speed of memory. Where the header tells of
 * MIME, a transfer encoding or a charset of its own, the text parts are decoded, those messages only.
 */
import { isAscii, isUtf8 } from "node:buffer";
import { guess, nodeCharsets } from "../../message/charsets.ts";
import { toBytes } from "../../message/text.ts";
import { leaves, parseParts } from "../../message/view/part.ts";
import { partText } from "../../message/view/part-text.ts";
import type { Candidate } from "./candidate.ts";
import { fold } from "./fold.ts";

const encoded =
  /\ncontent-t(?:ransfer-encoding:\s*(?:base64|quoted-printable)|ype:\s*(?:multipart|message)\/|ype:[^\n]*(?:\n[ \t][^\n]*)*?charset\s*=\s*"?(?!us-ascii|utf-?8)[a-z0-9])/i;
const pieceSize = 8 << 20;
/** Of an encoded text, so many bytes are looked at. */
const longestText = 64 << 20;

/** Returns a test of whether a message's text contains `text`, without regard to case. */
export function bodyContains(text: string): (candidate: Candidate) => boolean {
  const wanted = fold(text);
  const ascii = isAscii(toBytes(text));
  const inText = ascii ? asciiSearch(text) : unicodeSearch(wanted);
  const inDecoded = ascii ? (body: string) => inText(body, 0) : (body: string) => fold(body).includes(wanted);
  return (candidate) => {
    const { header } = candidate;
    if (encoded.test(header)) {
      const texts = leaves(parseParts(candidate.source)).filter(({ type }) => type.startsWith("text/"));
      return texts.some((part) => inDecoded(partText(part, nodeCharsets, longestText)));
    }
    const { whole, stored } = candidate;
    if (whole === undefined) return inPieces(candidate, header.length, toBytes(text).length, inText);
    return stored?.length === whole.length
      ? inText(stored, header.length)
      : inText(whole.toString("latin1"), header.length);
  };
}

/** @param text decoded, or each byte as the character of that code @param from where to begin */
type Search = (text: string, from: number) => boolean;

function asciiSearch(text: string): Search {
  const pattern = new RegExp(text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"), "gi");
  return (stored, from) => {
    pattern.lastIndex = from;
    return pattern.test(stored);
  };
}

/** What is ASCII holds no such text; anything else is folded as text. */
function unicodeSearch(wanted: string): Search {
  return (stored, from) => {
    const bytes = Buffer.from(stored.slice(from), "latin1");
    if (isAscii(bytes)) return false;
    // One byte that is not UTF-8, as where a long body is cut, makes the rest no other charset.
    return fold(bytes.toString()).includes(wanted) || (!isUtf8(bytes) && fold(guess(bytes)).includes(wanted));
  };
}

function inPieces(candidate: Candidate, start: number, overlap: number, found: Search): boolean {
  const { mailbox, message, size } = candidate;
  for (let at = start; at < size; at += pieceSize) {
    const piece = mailbox.read(message, at, Math.min(size, at + pieceSize + overlap));
    if (found(piece.toString("latin1"), 0)) return true;
  }
  return false;
}
