/**
 * Shows a message to a reader: its header, its text parts in order, and one line for each part that is not text.
 *
 * The rules are in mail(1), READING MIME MESSAGES. No message causes an exception: undecodable text is shown as it is
 * stored, with a note. The result is safe to show (safe-text.ts).
 */
import { withTrueNames } from "../lookalike.ts";
import { makeVisible } from "../safe-text.ts";
import { type Bytes, toBuffer } from "./bytes.ts";
import { headerView } from "./header-view.ts";
import { isPlainText, longestText } from "./laid-out-text.ts";
import { charsetOfBody, charsetsOf, type Part, readParts } from "./part.ts";
import { Viewer, type ViewPiece } from "./viewer.ts";

export interface Look {
  /** In columns. */
  readonly width: number;
  /** When to omit technical fields. A message counts as encoded unless it is plain text in ASCII or UTF-8. */
  readonly isBrief: "always" | "if encoded" | "never";
}

/**
 * Returns the pieces of a displayed message.
 *
 * @param message the stored bytes
 * @param header the selected fields with LF line endings
 * @param headerSize the size of the stored header in bytes
 * @returns undefined for plain text that is too long for memory and can be shown as it is stored
 */
export async function viewMessage(
  message: Bytes,
  header: Uint8Array,
  headerSize: number,
  { width, isBrief }: Look,
): Promise<ViewPiece[] | undefined> {
  const { root, charsets } = await readParts(message, header);
  if (isPlainText(root) && root.end - root.start > longestText) return undefined;
  const fields = headerView(withoutEnd(header, toBuffer(message.read(Math.min(root.start, headerSize), headerSize))), {
    charsets,
    bodyCharset: charsetOfBody(root),
    isBrief: isBrief === "always" || (isBrief === "if encoded" && !isPlainText(root)),
  });
  const pieces: ViewPiece[] = [{ kind: "header", text: fields }];
  for await (const piece of new Viewer(charsets, width).render(showAsText(root))) pieces.push(piece);
  if (!isPlainText(root) && !pieces.at(-1)?.text.endsWith("\n\n")) pieces.push({ kind: "text", text: "\n" });
  return pieces.map(makePieceSafe);
}

/** Returns a message's only part as text to show, even if it is labelled an attachment. */
function showAsText(root: Part): Part {
  return root.parts.length === 0 ? { ...root, disposition: "inline" } : root;
}

/** Returns the header without the line that ends it. If that line is not empty, it is shown with the body. */
function withoutEnd(header: Uint8Array, stored: Buffer): Uint8Array {
  if (stored.length === 0) return header;
  const end = Buffer.from(stored.toString("latin1").replaceAll("\r\n", "\n"), "latin1");
  const shown = toBuffer(header);
  return shown.subarray(-end.length).equals(end) ? shown.subarray(0, -end.length) : header;
}

function makePieceSafe({ kind, text }: ViewPiece): ViewPiece {
  return { kind, text: makeVisible(kind === "text" ? withTrueNames(text) : text) };
}

/** Returns a part's pieces for display, even if the part is an attachment. A part without text is described. */
export async function viewPart(part: Part, width: number): Promise<ViewPiece[]> {
  const viewer = new Viewer(await charsetsOf(part), width);
  const pieces: ViewPiece[] = [];
  for await (const piece of viewer.render({ ...part, disposition: "inline", name: undefined }))
    pieces.push(makePieceSafe(piece));
  return pieces;
}

/**
 * Returns the decoded text of a message for quoting in a reply: no header, no attachments, LF line endings.
 *
 * @param width in columns, for HTML and flowed text
 * @returns text that is not safe to show
 */
export async function plainTextOf(message: Bytes, width = 72): Promise<string> {
  const { root, charsets } = await readParts(message);
  const viewer = new Viewer(charsets, width);
  let text = "";
  for await (const piece of viewer.render(showAsText(root))) if (piece.kind === "text") text += piece.text;
  return text;
}
