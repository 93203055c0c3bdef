/**
 * A message as a person reads it: its header, the text of its parts in order, and a line for each part that is no text.
 *
 * mail(1), READING MIME MESSAGES, has the rules. Nothing throws, whatever the message is: what can't be decoded is shown
 * as it is, and says so. What comes out is safe to show (safe-text.ts).
 */
import { withTrueNames } from "../lookalike.ts";
import { visible } from "../safe-text.ts";
import { asBuffer, type Bytes } from "./bytes.ts";
import { headerView } from "./header-view.ts";
import { isPlainText, longestText } from "./laid-out-text.ts";
import { charsetsOf, type Part, readParts } from "./part.ts";
import { Viewer, type ViewPiece } from "./viewer.ts";

export interface Look {
  /** In columns. */
  readonly width: number;
  /** Fields of MIME are shown, too. */
  readonly allFields: boolean;
}

/**
 * @param message its stored bytes
 * @param header the header as it is to be shown: fields selected, LF line ends
 * @param headerSize how many bytes it has where it is stored
 * @returns undefined for plain text that is too long to be held and can be shown as it is stored
 */
export async function viewMessage(
  message: Bytes,
  header: Uint8Array,
  headerSize: number,
  look: Look,
): Promise<ViewPiece[] | undefined> {
  const { root, charsets } = await readParts(message, header);
  if (isPlainText(root) && root.end - root.start > longestText) return undefined;
  const fields = headerView(withoutEnd(header, asBuffer(message.read(Math.min(root.start, headerSize), headerSize))), {
    charsets,
    withoutMime: !look.allFields && !isPlainText(root),
  });
  const pieces: ViewPiece[] = [{ kind: "header", text: fields }];
  for await (const piece of new Viewer(charsets, look.width).render(asText(root))) pieces.push(piece);
  if (!isPlainText(root) && !pieces.at(-1)?.text.endsWith("\n\n")) pieces.push({ kind: "text", text: "\n" });
  return pieces.map(safe);
}

/** What is all of a message is to be read, even where it is called an attachment. */
function asText(root: Part): Part {
  return root.parts.length === 0 ? { ...root, disposition: "inline" } : root;
}

/** Text that ends a header for want of an empty line is shown with the body, and not here as well. */
function withoutEnd(header: Uint8Array, stored: Buffer): Uint8Array {
  if (stored.length === 0) return header;
  const end = Buffer.from(stored.toString("latin1").replaceAll("\r\n", "\n"), "latin1");
  const shown = asBuffer(header);
  return shown.subarray(-end.length).equals(end) ? shown.subarray(0, -end.length) : header;
}

function safe({ kind, text }: ViewPiece): ViewPiece {
  return { kind, text: visible(kind === "text" ? withTrueNames(text) : text) };
}

/** Returns a part as it is read, also one that is attached; what holds no text is named. */
export async function viewPart(part: Part, width: number): Promise<ViewPiece[]> {
  const viewer = new Viewer(await charsetsOf(part), width);
  const pieces: ViewPiece[] = [];
  for await (const piece of viewer.render({ ...part, disposition: "inline", name: undefined }))
    pieces.push(safe(piece));
  return pieces;
}

/**
 * Returns the text of a message, decoded, as one quotes it in an answer: no header, no attachments, LF line ends.
 *
 * @param width in columns, for HTML and for flowed text
 * @returns text that is not safe to show as it is
 */
export async function plainTextOf(message: Bytes, width = 72): Promise<string> {
  const { root, charsets } = await readParts(message);
  const viewer = new Viewer(charsets, width);
  let text = "";
  for await (const piece of viewer.render(asText(root))) if (piece.kind === "text") text += piece.text;
  return text;
}
