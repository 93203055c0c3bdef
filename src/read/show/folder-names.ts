/** Prints the names of the folders on a server. */
import { findLargest } from "../../message/lists.ts";
import { displayWidth, fillColumns } from "../../terminal/display-width.ts";
import type { Terminal } from "../../terminal/terminal.ts";

export interface NamedFolder {
  readonly name: string;
  /** The folder's special use (RFC 6154). */
  readonly use: string | undefined;
}

/** Prints one folder per line, with its special use in a second column. */
export function printFolderNames(folders: readonly NamedFolder[], terminal: Pick<Terminal, "out">): void {
  const width = findLargest(folders.map(({ name }) => displayWidth(name)));
  for (const { name, use } of folders)
    terminal.out(use === undefined ? `${name}\n` : `${fillColumns(name, width)}  ${use}\n`);
}
