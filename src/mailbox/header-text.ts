/**
 * Reads headers as text, one character per byte ("latin1"), for lists and searches that read every message's header.
 */
import { headerEnd } from "./header-bytes.ts";
import { readHeaderToList } from "./listed-header.ts";
import type { StoredMessages } from "./mailbox.ts";

/** A length in bytes that most headers do not exceed. */
const usualLength = 16 << 10;

type Headers = Pick<StoredMessages, "header" | "read" | "size" | "readBriefly">;

/** Returns a message's From_ line and header, without the empty line. */
export function readHeaderText(stored: Headers, message: number): string {
  return readUsualHeader(stored, message) ?? headerText(stored.header(message));
}

/**
 * Returns a message's From_ line and header for a message list. If the message is large, only an excerpt is returned
 * (listed-header.ts).
 */
export function readHeaderTextToList(stored: Headers, message: number): string {
  return readUsualHeader(stored, message) ?? headerText(readHeaderToList(stored, message));
}

/** Returns the header at the beginning of a message's bytes, without the empty line and the bytes after it. */
export function headerText(bytes: Buffer): string {
  const text = bytes.toString("latin1", 0, headerEnd(bytes, 0));
  const end = /\n\r?\n$/.exec(text)?.index;
  return end === undefined ? text : text.slice(0, end + 1);
}

/** Finds, with a single search, a header that is short and has no CRs. @returns undefined for any other header */
function readUsualHeader(stored: Headers, message: number): string | undefined {
  const bytes = stored.readBriefly?.(message, 0, usualLength);
  if (bytes === undefined) return undefined;
  const end = bytes.indexOf("\n\n", 0, "latin1");
  if (end < 0) return undefined;
  const text = bytes.toString("latin1", 0, end + 1);
  return text.includes("\r") ? undefined : text;
}
