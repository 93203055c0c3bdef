/** Names of files in the private state directory. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { makePrivateDirectory } from "../private-file.ts";

/**
 * Returns the name of a mailbox's file in a state directory.
 *
 * @param suffix of the kind of file, with its dot
 */
export function stateFilePath(directory: string, mailbox: string, suffix: string): string {
  return join(directory, `${createHash("sha256").update(mailbox).digest("hex").slice(0, 32)}${suffix}`);
}

/** Returns the name of a new mbox for messages that could be written nowhere else; creates the directory for it. */
export function keptPath(directory: string): string {
  makePrivateDirectory(directory);
  return join(directory, `kept-${Date.now()}.mbox`);
}
