/** Turns the file name that a message proposes into a safe name without directories. */

/**
 * The maximum length of a name, in bytes. File systems allow 255 bytes; the remaining bytes leave room for a number, as
 * in `name (1).ext`.
 */
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
 * Returns a safe file name. Removes directories, control characters, direction marks and other invisible characters,
 * leading dots and dashes, and trailing dots and spaces. Replaces characters that are special to shells or other
 * systems.
 *
 * @param proposed the decoded name, which may contain any characters
 * @param orElse the part's default name and type, such as `part-2` and `image/png`
 */
export function safeFileName(proposed: string, orElse: { readonly name: string; readonly type: string }): string {
  const name = proposed
    .replace(/^.*[/\\]/s, "")
    // Only the end of the proposed name, which contains the extension, is examined. The name may be a megabyte long.
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

/** Returns the stem and the extension, which includes its dot and may be empty. */
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
