/** File names that complete a typed prefix, in the forms that commands accept: `~/x`, `+folder` and paths. */
import { type Dirent, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../../config/config.ts";
import { folderDirectory } from "../../config/paths.ts";
import { isDirectory } from "../../file-stats.ts";
import type { Candidate } from "../../terminal/terminal.ts";

const mostNames = 5000;
/** Names that need no quotes in a command. Other names are not completed. */
const plainName = /^[^\s"'\\*?[\]{}$\p{Cc}\p{Cf}\p{Cs}]+$/u;

export interface WantedFiles {
  readonly directories?: boolean;
  /** Whether to include %, & and #. */
  readonly mailboxes?: boolean;
}

/** Returns the file names that complete a typed prefix. */
export function fileCandidates(config: Config, typed: string, wanted: WantedFiles): Candidate[] {
  const special = wanted.mailboxes === true && typed === "" ? ["%", "&", "#"].map((text) => ({ text })) : [];
  const [, prefix = "", begun = ""] = /^(\+(?:.*\/)?|.*\/|)([^/]*)$/s.exec(typed) ?? [];
  const directory = directoryOfTyped(config, prefix);
  if (directory === undefined) return special;
  const names = readEntries(directory).filter(
    ({ name }) => name.startsWith(begun) && plainName.test(name) && (begun !== "" || !name.startsWith(".")),
  );
  const found = names.flatMap((entry): Candidate[] => {
    if (entry.isDirectory() || (entry.isSymbolicLink() && isDirectory(join(directory, entry.name))))
      return [{ text: `${prefix}${entry.name}/`, open: true }];
    return wanted.directories === true ? [] : [{ text: `${prefix}${entry.name}` }];
  });
  return [...special, ...found.sort((a, b) => (a.text < b.text ? -1 : 1))];
}

/** @param prefix the typed text up to and including the last slash, or the plus sign */
function directoryOfTyped(config: Config, prefix: string): string | undefined {
  if (prefix.startsWith("+")) {
    const directory = folderDirectory(config);
    return directory === undefined ? undefined : join(directory, prefix.slice(1));
  }
  if (prefix.startsWith("~/")) return join(config.identity.home, prefix.slice(2));
  return prefix === "" ? "." : prefix;
}

function readEntries(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true }).slice(0, mostNames);
  } catch {
    return [];
  }
}
