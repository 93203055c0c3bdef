/** Decodes the body of a text part from its declared charset. */
import { type Charsets, guess, isUndeclared } from "../charsets.ts";
import type { Part } from "./part.ts";
import { decodeBody } from "./transfer-decoding.ts";

/** Returns at most `limit` bytes of the body as text with LF line endings. The text is not safe to show. */
export function partText(part: Part, charsets: Charsets, limit: number): string {
  const bytes = decodeBody(part, limit);
  const named = part.parameters.get("charset") ?? "";
  const declared = part.type === "text/html" && isUndeclared(named) ? htmlCharset(bytes) : named;
  const decode = charsets(declared) ?? guess;
  return decode(bytes).replace(/\r\n/g, "\n");
}

/**
 * Returns the charset that HTML declares in a meta element, or an empty string. Text in UTF-16 could not be searched
 * for this element, so the declaration must be wrong.
 */
function htmlCharset(bytes: Buffer): string {
  const start = bytes.toString("latin1", 0, 2048);
  const name = /<meta[^>]+charset=["']?\s*([\w.:-]+)/i.exec(start)?.[1] ?? "";
  return /^utf-?(?:16|32)/i.test(name) ? "" : name;
}
