/** The Status field of a stored header: where it stands, and the same header with another. */

const field = /(^|\n)status:[^\n]*(\n[ \t][^\n]*)*/gi;

/** The letters R and O of the first Status field; other letters and cases don't count. */
export function storedStatus(header: Buffer): { readonly read: boolean; readonly old: boolean } {
  const text = header.toString("latin1");
  const value = /\nstatus:([^\n]*)/i.exec(text)?.[1] ?? "";
  return { read: value.includes("R"), old: value.includes("O") };
}

/**
 * The header with one Status field: in the place of the first there was, else after the last line that is a field.
 *
 * @param header From_ line to the empty line, as stored; a CRLF header stays CRLF
 */
export function withStatus(header: Buffer, status: string): Buffer {
  const text = header.toString("latin1");
  const lineEnd = /\r\n$/.test(text.slice(0, text.indexOf("\n") + 1)) ? "\r" : "";
  const line = `Status: ${status}${lineEnd}`;
  let placed = false;
  const replaced = text.replace(field, (_all, before: string) => {
    if (placed) return "";
    placed = true;
    return `${before}${line}`;
  });
  if (placed) return Buffer.from(replaced, "latin1");
  const end = endOfFields(text);
  const missing = end > 0 && text[end - 1] !== "\n" ? `${lineEnd}\n` : "";
  return Buffer.from(`${text.slice(0, end)}${missing}${line}\n${text.slice(end)}`, "latin1");
}

/** The offset where a new last field goes: before a trailing line that is no field, before the empty line. */
function endOfFields(text: string): number {
  const lines = text.split("\n");
  let at = (lines[0] as string).length + 1;
  for (const line of lines.slice(1)) {
    const isField = /^[^\s:]+[ \t]*:/.test(line) || /^[ \t]+\S/.test(line);
    if (!isField) break;
    at += line.length + 1;
  }
  return Math.min(at, text.length);
}
