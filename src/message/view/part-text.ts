/** The body of a text part as text, in whatever charset it says it is. */
import { type Charsets, guess } from "../charsets.ts";
import type { Part } from "./part.ts";
import { decodedBody } from "./transfer-decoding.ts";

/** Returns at most `limit` bytes of it, with LF line ends; not safe to show as it is */
export function partText(part: Part, charsets: Charsets, limit: number): string {
  const bytes = decodedBody(part, limit);
  const declared = part.parameters.get("charset") ?? (part.type === "text/html" ? htmlCharset(bytes) : "");
  const decode = charsets(declared) ?? guess;
  return decode(bytes).replace(/\r\n/g, "\n");
}

/** HTML names its charset inside itself, too. */
function htmlCharset(bytes: Buffer): string {
  const start = bytes.toString("latin1", 0, 2048);
  return /<meta[^>]+charset=["']?\s*([\w.:-]+)/i.exec(start)?.[1] ?? "";
}
