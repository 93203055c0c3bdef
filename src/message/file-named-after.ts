/** Derives a file name from a person's address, as POSIX mailx does for -F, followup, Save and Copy. */

/**
 * Returns the local part of the first address as a file name, without characters that have a special meaning in paths.
 */
export function fileNamedAfter([author = ""]: readonly string[]): string | undefined {
  const name = author
    .replace(/@.*/s, "")
    .replace(/[^\w.+=-]/g, "_")
    .replace(/^[.+-]+/, "");
  return name === "" ? undefined : name;
}
