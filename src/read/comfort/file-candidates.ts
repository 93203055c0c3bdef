/** File names that complete a typed prefix, in the forms that commands accept: `~/x`, `+folder` and paths. */
import { type Dirent, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../../config/config.ts";
import { folderDirectory } from "../../config/paths.ts";
import { splitRawWords } from "../../config/words.ts";
import { isDirectory } from "../../file-stats.ts";
import type { Candidate, Offer } from "../../terminal/terminal.ts";

const mostNames = 5000;
/** Matches names that can be typed in a command. Other names are not completed. */
const typeableName = /^[^"'\\`*?[\]{}$\p{Cc}\p{Cf}\p{Cs}]+$/u;

export interface WantedFiles {
  readonly directories?: boolean;
  /** Whether to include %, & and #. */
  readonly mailboxes?: boolean;
  /** How the command accepts a name that contains a space. */
  readonly spaces: "after a backslash" | "in quotes";
  /** Whether nothing may follow the name, not even a space. */
  readonly isLast?: boolean;
}

/** Returns the file names that complete the last word before the cursor. */
export function offerFiles(config: Config, before: string, wanted: WantedFiles): Offer {
  const last = splitRawWords(before).at(-1);
  const isBegun = last !== undefined && last.start + last.typed.length === before.length;
  const { start, text: typed, quote } = isBegun ? last : { start: before.length, text: "", quote: "" };
  // In quotes, `+` and `~` are ordinary characters if the command removes the quotes later.
  const isLiteral = quote !== "" && wanted.spaces === "after a backslash";
  const special = wanted.mailboxes === true && typed === "" && quote === "" ? ["%", "&", "#"] : [];
  const [, prefix = "", begun = ""] = /^(\+(?:.*\/)?|.*\/|)([^/]*)$/s.exec(typed) ?? [];
  const directory = isLiteral ? prefix || "." : directoryOfTyped(config, prefix);
  const names = directory === undefined ? [] : readEntries(directory);
  const found = names.flatMap((entry): Candidate[] => {
    const { name } = entry;
    if (!name.startsWith(begun) || !typeableName.test(name) || (begun === "" && name.startsWith("."))) return [];
    const isOpen = entry.isDirectory() || (entry.isSymbolicLink() && isDirectory(join(directory ?? "", name)));
    if (!isOpen && wanted.directories === true) return [];
    const text = quoteName(`${prefix}${name}${isOpen ? "/" : ""}`, quote, wanted.spaces, isOpen);
    return [isOpen || wanted.isLast === true ? { text, open: true } : { text }];
  });
  const candidates = found.sort((a, b) => (a.text < b.text ? -1 : 1));
  return { start, candidates: [...special.map((text) => ({ text })), ...candidates] };
}

/** @param quote the opening quote that the user has typed, or "" */
function quoteName(name: string, quote: string, spaces: WantedFiles["spaces"], isOpen: boolean): string {
  if (quote === "" && !/[ \\]/.test(name)) return name;
  if (quote === "" && spaces === "after a backslash") return name.replace(/[ "'\\`*?[\]{}$|&;<>()]/g, "\\$&");
  const mark = quote === "" ? '"' : quote;
  return `${mark}${name}${isOpen ? "" : mark}`;
}

/** @param prefix the typed text up to and including the last slash, or just the plus sign */
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
