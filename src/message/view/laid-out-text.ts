/** Lays out the text of a part for a reader. */
import type { Charsets } from "../charsets.ts";
import { reflowText } from "./flowed.ts";
import { headerView } from "./header-view.ts";
import type { Part } from "./part.ts";

/** The maximum number of stored bytes that are read from a part, which limits the use of memory. */
export const longestText = 1 << 24;
const longestHtml = 1 << 22;

/** Returns the maximum number of bytes of a part that are shown. */
export function longestShown({ type }: Part): number {
  return type === "text/html" ? longestHtml : longestText;
}

/**
 * Converts HTML to text, wraps flowed text (RFC 3676), and decodes a header. Other text is returned unchanged.
 *
 * @param text the part's decoded text (part-text.ts)
 * @param width in columns
 */
export async function layOutText(
  part: Part,
  text: string,
  { charsets, width }: { charsets: Charsets; width: number },
): Promise<string> {
  if (part.type === "text/html") {
    const { htmlText } = await import("./html-text.ts");
    return htmlText(text, width);
  }
  if (part.type === "text/rfc822-headers")
    return headerView(Buffer.from(text), { charsets, bodyCharset: "", isBrief: true });
  if (isFlowed(part)) {
    const delSp = part.parameters.get("delsp")?.toLowerCase() === "yes";
    return reflowText(text, { width, delSp });
  }
  // A "From " line is escaped on the screen as in a pipe.
  return isPlainText(part) ? text.replace(/^From /gm, ">From ") : text;
}

/** Returns whether a part's stored bytes are the text to show. */
export function isPlainText(part: Part): boolean {
  const charset = part.parameters.get("charset") ?? "";
  return (
    part.type === "text/plain" &&
    /^(?:[78]bit|binary|)$/.test(part.encoding) &&
    !isFlowed(part) &&
    /^(?:us-ascii|utf-?8|)$/i.test(charset)
  );
}

function isFlowed({ parameters }: Part): boolean {
  return parameters.get("format")?.toLowerCase() === "flowed";
}
