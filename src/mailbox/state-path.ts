/** Names of files in the private state directory. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { makePrivateDirectory } from "../private-file.ts";

/**
 * Returns the path of a mailbox's file in a state directory.
 *
 * @param suffix of this kind of file, including its dot
 */
export function stateFilePath(directory: string, mailbox: string, suffix: string): string {
  return join(directory, `${createHash("sha256").update(mailbox).digest("hex").slice(0, 32)}${suffix}`);
}

/** Returns the path of a new mbox for messages that could not be written anywhere else. Creates its directory. */
export function createKeptPath(directory: string): string {
  makePrivateDirectory(directory);
  return join(directory, `kept-${Date.now()}.mbox`);
}
