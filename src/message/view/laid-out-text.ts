/** The text of a part as it is laid out for a person. */
import type { Charsets } from "../charsets.ts";
import { reflow } from "./flowed.ts";
import { headerView } from "./header-view.ts";
import type { Part } from "./part.ts";

/** What is read of one part, in bytes as stored; a person reads no more, and the memory for it is bounded. */
export const longestText = 1 << 24;
const longestHtml = 1 << 22;

/** Returns how many bytes of a part are shown at most. */
export function longestShown({ type }: Part): number {
  return type === "text/html" ? longestHtml : longestText;
}

/**
 * HTML as text, flowed lines (RFC 3676) as paragraphs, a header decoded; other text as it is.
 *
 * @param text the part's, decoded (part-text.ts)
 * @param width in columns
 */
export async function laidOut(
  part: Part,
  text: string,
  { charsets, width }: { charsets: Charsets; width: number },
): Promise<string> {
  if (part.type === "text/html") {
    const { htmlText } = await import("./html-text.ts");
    return htmlText(text, width);
  }
  if (part.type === "text/rfc822-headers") return headerView(Buffer.from(text), { charsets, withoutMime: true });
  if (isFlowed(part)) {
    const delSp = part.parameters.get("delsp")?.toLowerCase() === "yes";
    return reflow(text, { width, delSp });
  }
  // A line that begins a message in a mailbox is shown as it is when it is printed in a pipe.
  return isPlainText(part) ? text.replace(/^From /gm, ">From ") : text;
}

/** Text that is stored as it is read. */
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
