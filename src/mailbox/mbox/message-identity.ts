/**
 * Identifies a message after another program has moved it: by all its bytes except the fields that mail programs write. A
 * large message is identified by its length and its beginning.
 */
import { createHash } from "node:crypto";
import { headerOf } from "../header-bytes.ts";
import type { MboxFile } from "./mbox-file.ts";

const longestHashed = 64 << 10;
const writtenByClients =
  /(^|\n)(?:status|x-status|x-uid|x-imap|x-imapbase|x-keywords|content-length|lines)[ \t]*:[^\n]*(?=\n)/gi;

/**
 * Returns a hash that identifies a message after other programs moved it or changed its status fields.
 *
 * @param size bytes of the message that count, for a message that may have been completed since it was identified
 */
export function identityOf(file: MboxFile, message: number, size = storedSize(file, message)): string {
  const header = headerOf(size, (length) => file.read(message, 0, length));
  const text = header.toString("latin1").replace(writtenByClients, "");
  const body = size - header.length;
  const hash = createHash("sha256");
  hash.update(`${body}\n${text}`, "latin1");
  hash.update(file.read(message, header.length, header.length + Math.min(body, longestHashed)));
  return hash.digest("base64");
}

/** Returns the length of a message in the file, whatever replaces it at the commit. */
export function storedSize(file: MboxFile, message: number): number {
  return file.end(message) - file.start(message);
}
