/**
 * What a message is known by when another program has moved it about in the file: all its bytes but the fields that mail
 * programs write into it. Of a large message, its length and the first of it.
 */
import { createHash } from "node:crypto";
import type { MboxFile } from "./mbox-file.ts";

const longestHashed = 64 << 10;
const writtenByClients =
  /(^|\n)(?:status|x-status|x-uid|x-imap|x-imapbase|x-keywords|content-length|lines)[ \t]*:[^\n]*(?=\n)/gi;

/** Returns a hash that identifies a message after other programs moved it or changed its status fields. */
export function identityOf(file: MboxFile, message: number): string {
  const header = file.header(message);
  const text = header.toString("latin1").replace(writtenByClients, "");
  const body = file.end(message) - file.start(message) - header.length;
  const hash = createHash("sha256");
  hash.update(`${body}\n${text}`, "latin1");
  hash.update(file.read(message, header.length, header.length + Math.min(body, longestHashed)));
  return hash.digest("base64");
}
