/**
 * Encodes and decodes folder names as IMAP requires: in UTF-7 with `&` instead of `+` and `,` instead of `/`. All
 * printable ASCII characters except `&` are left unencoded (RFC 3501, section 5.1.3).
 */

/** Encodes a folder name for sending it to a server. The result consists of printable ASCII characters. */
export function encodeFolderName(name: string): string {
  return name.toWellFormed().replace(/&|[^\x20-\x7e]+/g, (run) => (run === "&" ? "&-" : `&${encodeRun(run)}-`));
}

function encodeRun(text: string): string {
  return Buffer.from(text, "utf16le").swap16().toString("base64").replace(/=+$/, "").replaceAll("/", ",");
}

/**
 * Decodes a folder name that a server has sent. A name that is not valid UTF-7 is returned unchanged, because some
 * servers send names in UTF-8.
 */
export function decodeFolderName(name: string): string {
  const decoded = name.replace(/&([A-Za-z0-9+,]*)-/g, (_all, run: string) => (run === "" ? "&" : decodeRun(run)));
  return encodeFolderName(decoded) === name ? decoded : name;
}

function decodeRun(run: string): string {
  const bytes = Buffer.from(run.replaceAll(",", "/"), "base64");
  return bytes
    .subarray(0, bytes.length & ~1)
    .swap16()
    .toString("utf16le");
}
