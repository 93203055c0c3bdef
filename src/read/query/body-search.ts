/**
 * The `body:` term, which searches the body without regard to case.
 *
 * Most bodies are stored unencoded, and are searched as bytes in memory. If a message's header indicates MIME parts, a
 * transfer encoding or another charset, the message's text parts are decoded first.
 */
import { isAscii, isUtf8 } from "node:buffer";
import { guess, nodeCharsets } from "../../message/charsets.ts";
import { toBytes } from "../../message/text.ts";
import { listLeaves, parseParts } from "../../message/view/part.ts";
import { partText } from "../../message/view/part-text.ts";
import type { Candidate } from "./candidate.ts";
import { foldText } from "./fold.ts";

const encoded =
  /\ncontent-t(?:ransfer-encoding:\s*(?:base64|quoted-printable)|ype:\s*(?:multipart|message)\/|ype:[^\n]*(?:\n[ \t][^\n]*)*?charset\s*=\s*"?(?!us-ascii|utf-?8)[a-z0-9])/i;
const pieceSize = 8 << 20;
/** At most this many bytes of an encoded text part are searched. */
const longestText = 64 << 20;

/** Returns a function that tests whether a message's text contains `text`, ignoring case. */
export function bodyContains(text: string): (candidate: Candidate) => boolean {
  const wanted = foldText(text);
  const ascii = isAscii(toBytes(text));
  const inText = ascii ? asciiSearch(text) : unicodeSearch(wanted);
  const inDecoded = ascii ? (body: string) => inText(body, 0) : (body: string) => foldText(body).includes(wanted);
  return (candidate) => {
    const { header } = candidate;
    if (encoded.test(header)) {
      const texts = listLeaves(parseParts(candidate.source)).filter(({ type }) => type.startsWith("text/"));
      return texts.some((part) => inDecoded(partText(part, nodeCharsets, longestText)));
    }
    const { whole, stored } = candidate;
    if (whole === undefined) return inPieces(candidate, header.length, toBytes(text).length, inText);
    return stored?.length === whole.length
      ? inText(stored, header.length)
      : inText(whole.toString("latin1"), header.length);
  };
}

/** Searches a string. @param text decoded, or one character per byte @param from the index at which to begin */
type Search = (text: string, from: number) => boolean;

function asciiSearch(text: string): Search {
  const pattern = new RegExp(text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"), "gi");
  return (stored, from) => {
    pattern.lastIndex = from;
    return pattern.test(stored);
  };
}

/**
 * Returns a function that searches for a string that is not ASCII. ASCII text cannot contain the string; any other text
 * is decoded and folded.
 */
function unicodeSearch(wanted: string): Search {
  return (stored, from) => {
    const bytes = Buffer.from(stored.slice(from), "latin1");
    if (isAscii(bytes)) return false;
    // A single invalid byte, such as one at the end of a piece, does not mean that the text is in another charset.
    return foldText(bytes.toString()).includes(wanted) || (!isUtf8(bytes) && foldText(guess(bytes)).includes(wanted));
  };
}

function inPieces(candidate: Candidate, start: number, overlap: number, found: Search): boolean {
  const { messages, message, size } = candidate;
  for (let at = start; at < size; at += pieceSize) {
    const piece = messages.read(message, at, Math.min(size, at + pieceSize + overlap));
    if (found(piece.toString("latin1"), 0)) return true;
  }
  return false;
}
