/** Wildcards in file names, as in the shell: `*`, `?` and `[...]`. */
import { existsSync } from "node:fs";
import { listNames } from "../file-stats.ts";

/** Returns whether a word contains a shell wildcard. */
export function isPattern(text: string): boolean {
  return /[*?[]/.test(text);
}

/**
 * Returns the sorted paths that match a pattern.
 *
 * @param pattern a pattern in which a backslash quotes the next character
 */
export function findMatchingPaths(pattern: string): string[] {
  let found = [pattern.startsWith("/") ? "/" : ""];
  const parts = pattern.split("/").filter((part) => part !== "");
  for (const [index, part] of parts.entries()) {
    const end = index < parts.length - 1 ? "/" : "";
    found = found.flatMap((base) => expandPart(base, part).map((name) => `${base}${name}${end}`));
  }
  return found.sort();
}

function expandPart(directory: string, part: string): string[] {
  if (!isPattern(part.replace(/\\./g, ""))) {
    const name = part.replace(/\\(.)/g, "$1");
    return existsSync(`${directory}${name}`) ? [name] : [];
  }
  const matches = compileWildcard(part);
  return listNames(directory === "" ? "." : directory).filter(
    (name) => matches.test(name) && (part.startsWith(".") || !name.startsWith(".")),
  );
}

function compileWildcard(part: string): RegExp {
  let source = "";
  for (let at = 0; at < part.length; at++) {
    const character = part.charAt(at);
    const set = character === "[" ? /^\[([!^]?)(\]?[^\]]*)\]/.exec(part.slice(at)) : null;
    if (set !== null) {
      source += `[${set[1] === "" ? "" : "^"}${(set[2] as string).replace(/[\\\]^[]/g, "\\$&")}]`;
      at += set[0].length - 1;
    } else if (character === "*") source += ".*";
    else if (character === "?") source += ".";
    else {
      if (character === "\\") at++;
      source += part.charAt(at).replace(/[.+^${}()|[\]\\*?/]/g, "\\$&");
    }
  }
  try {
    return new RegExp(`^${source}$`, "su");
  } catch {
    // An invalid range such as [z-a] matches nothing.
    return /(?!)/;
  }
}
