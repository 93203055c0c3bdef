/** The file that POSIX mailx names after a person: that of -F, followup, Save and Copy. */

/** Returns the local part of the first address as a file name, without characters that a path could hide in. */
export function fileNamedAfter([author = ""]: readonly string[]): string | undefined {
  const name = author
    .replace(/@.*/s, "")
    .replace(/[^\w.+=-]/g, "_")
    .replace(/^[.+-]+/, "");
  return name === "" ? undefined : name;
}
