/** The name of a file that a message proposes, as one may use it: a name and nothing else. */

/** In bytes; the limit of file systems is 255, and `name (1).ext` needs room. */
const longest = 200;
const longestExtension = 16;
const longestProposed = 1000;

const extensions: Readonly<Record<string, string>> = {
  "text/plain": ".txt",
  "text/html": ".html",
  "text/calendar": ".ics",
  "text/csv": ".csv",
  "message/rfc822": ".eml",
  "application/pdf": ".pdf",
  "application/zip": ".zip",
  "application/json": ".json",
  "application/pgp-signature": ".asc",
  "image/jpeg": ".jpg",
  "image/png": ".png",
  "image/gif": ".gif",
};

/**
 * Without a path, controls, direction marks and other invisible characters, signs that shells and other systems read in
 * their own way, dots and dashes in front, blanks and dots at the end.
 *
 * @param proposed as decoded; may be anything
 * @param orElse what a part without a usable name is called, with its type: `part-2`, `image/png`
 */
export function safeFileName(proposed: string, orElse: { readonly name: string; readonly type: string }): string {
  const name = proposed
    .replace(/^.*[/\\]/s, "")
    // The end has the extension; the signs below are looked for in what may be a megabyte.
    .slice(-longestProposed)
    .normalize("NFC")
    .replace(/[\u034f\p{C}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0]/gu, "")
    .replace(/[*?"<>|:$`;\\]/g, "_")
    .replace(/[\p{Z}\s]+/gu, " ")
    .replace(/^[-. ]+|[. ]+$/g, "");
  if (name === "") return `${orElse.name}${extensions[orElse.type] ?? ""}`;
  const { stem, extension } = splitName(name);
  return cutName(stem, longest - Buffer.byteLength(extension)) + extension;
}

/** Returns the extension with its dot, empty where there is none. */
export function splitName(name: string): { stem: string; extension: string } {
  const extension = /(?:\.tar)?\.[A-Za-z0-9]{1,10}$/.exec(name)?.[0] ?? "";
  return name === extension || extension.length > longestExtension
    ? { stem: name, extension: "" }
    : { stem: name.slice(0, name.length - extension.length), extension };
}

function cutName(text: string, bytes: number): string {
  let used = 0;
  let kept = "";
  for (const character of text) {
    used += Buffer.byteLength(character);
    if (used > bytes) break;
    kept += character;
  }
  return kept;
}
