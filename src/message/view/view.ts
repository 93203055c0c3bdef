/**
 * A message as a person reads it: its header, the text of its parts in order, and a line for each part that is no text.
 *
 * mail(1), READING MIME MESSAGES, has the rules. Nothing throws, whatever the message is: what can't be decoded is shown
 * as it is, and says so. What comes out is safe to show (safe-text.ts).
 */
import type { Charsets } from "../charsets.ts";
import { withTrueNames } from "../lookalike.ts";
import { visible } from "../safe-text.ts";
import type { Bytes } from "./bytes.ts";
import { calendarSummary } from "./calendar.ts";
import { complaintSummary, deliverySummary, receiptSummary } from "./delivery-report.ts";
import { reflowed } from "./flowed.ts";
import { headerView } from "./header-view.ts";
import { charsetsOf, leaves, type Part, readParts } from "./part.ts";
import { describePart, sizeInWords } from "./part-list.ts";
import { partText } from "./part-text.ts";
import { decodedSize } from "./transfer-decoding.ts";

export interface ViewPiece {
  /** The header of the message, text that it holds, what we say of a part, and what we tell of what it says. */
  readonly kind: "header" | "text" | "note" | "summary";
  /** Lines, each with its end. */
  readonly text: string;
}

export interface Look {
  /** In columns. */
  readonly width: number;
  /** Fields of MIME are shown, too. */
  readonly allFields: boolean;
}

/** What is read of one part; a person reads no more, and the memory for it is bounded. */
const longestText = 1 << 24;
const longestHtml = 1 << 22;

/**
 * @param message its stored bytes
 * @param header the header as it is to be shown: fields selected, LF line ends
 * @returns undefined for plain text that is too long to be held and can be shown as it is stored
 */
export async function viewMessage(message: Bytes, header: Uint8Array, look: Look): Promise<ViewPiece[] | undefined> {
  const { root, charsets } = await readParts(message, header);
  if (isPlain(root) && root.end - root.start > longestText) return undefined;
  const fields = headerView(header, { charsets, withoutMime: !look.allFields && !isPlain(root) });
  const pieces: ViewPiece[] = [{ kind: "header", text: fields }];
  for await (const piece of new Viewer(charsets, look.width).render(root)) pieces.push(piece);
  if (!isPlain(root) && !pieces.at(-1)?.text.endsWith("\n\n")) pieces.push({ kind: "text", text: "\n" });
  return pieces.map(safe);
}

function safe({ kind, text }: ViewPiece): ViewPiece {
  return { kind, text: visible(kind === "text" ? withTrueNames(text) : text) };
}

/** A part as it is read, also one that is attached; what holds no text is named. */
export async function viewPart(part: Part, width: number): Promise<ViewPiece[]> {
  const viewer = new Viewer(await charsetsOf(part), width);
  const pieces: ViewPiece[] = [];
  for await (const piece of viewer.render({ ...part, disposition: "inline", name: undefined }))
    pieces.push(safe(piece));
  return pieces;
}

/**
 * The text of a message, decoded, as one quotes it in an answer: no header, no attachments, LF line ends.
 *
 * @param width in columns, for HTML and for flowed text
 * @returns text that is not safe to show as it is
 */
export async function plainTextOf(message: Bytes, width = 72): Promise<string> {
  const { root, charsets } = await readParts(message);
  const viewer = new Viewer(charsets, width);
  let text = "";
  for await (const piece of viewer.render(root)) if (piece.kind === "text") text += piece.text;
  return text;
}

/** Text that is stored as it is read. */
function isPlain(root: Part): boolean {
  const charset = root.parameters.get("charset") ?? "";
  return (
    root.type === "text/plain" &&
    /^(?:[78]bit|binary|)$/.test(root.encoding) &&
    !isFlowed(root) &&
    /^(?:us-ascii|utf-?8|)$/i.test(charset)
  );
}

function isFlowed({ parameters }: Part): boolean {
  return parameters.get("format")?.toLowerCase() === "flowed";
}

function note(text: string): ViewPiece {
  return { kind: "note", text: `[${text}]\n` };
}

const summaries: Readonly<Record<string, (text: string) => string>> = {
  "message/delivery-status": deliverySummary,
  "message/global-delivery-status": deliverySummary,
  "message/disposition-notification": receiptSummary,
  "message/global-disposition-notification": receiptSummary,
  "message/feedback-report": complaintSummary,
};

class Viewer {
  readonly #charsets: Charsets;
  readonly #width: number;
  /** Something was shown: what comes next needs an empty line in front. */
  #begun = false;

  constructor(charsets: Charsets, width: number) {
    this.#charsets = charsets;
    this.#width = width;
  }

  async *render(part: Part): AsyncIterable<ViewPiece> {
    if (part.parts.length === 0) {
      yield* this.#leaf(part);
      return;
    }
    switch (part.type) {
      case "multipart/alternative":
        yield* this.#alternative(part);
        break;
      case "multipart/signed":
        yield* this.#signed(part);
        break;
      case "multipart/encrypted":
        yield* this.#apart(note(`encrypted (${protocolOf(part)}): it can't be read here`));
        for (const child of part.parts.slice(1)) yield* this.#attachment(child);
        break;
      case "message/rfc822":
      case "message/global":
        yield* this.#message(part);
        break;
      case "multipart/report":
        yield* this.#report(part);
        break;
      default:
        for (const child of part.parts) yield* this.render(child);
    }
  }

  /** The plain text where it says something, else the last form that we can show; an invitation always. */
  async *#alternative(part: Part): AsyncIterable<ViewPiece> {
    const plain = part.parts.find((child) => child.type === "text/plain" && this.#textOf(child).trim() !== "");
    const readable = (child: Part) => leaves(child).some(({ type }) => type.startsWith("text/"));
    const chosen = plain ?? part.parts.filter((child) => readable(child) && !isCalendar(child)).at(-1) ?? part.parts[0];
    for (const child of part.parts) {
      if (child === chosen || isCalendar(child)) yield* this.render(child);
      // What is in one of several forms only, such as a picture in HTML, is nevertheless there.
      else for (const leaf of leaves(child)) if (!leaf.type.startsWith("text/")) yield* this.#attachment(leaf);
    }
  }

  async *#signed(part: Part): AsyncIterable<ViewPiece> {
    const [content, ...signatures] = part.parts;
    if (content !== undefined) yield* this.render(content);
    const numbers = signatures.map(({ number }) => number).join(", ");
    yield* this.#apart(
      note(`${numbers === "" ? "" : `${numbers}: `}signed (${protocolOf(part)}); the signature was not checked`),
    );
  }

  async *#message(part: Part): AsyncIterable<ViewPiece> {
    const [inner] = part.parts;
    if (inner === undefined) return;
    yield* this.#apart(note(`${part.number}: a message, ${sizeInWords(decodedSize(part))}`));
    yield { kind: "header", text: `${this.#fieldsOf(inner)}\n` };
    this.#begun = false;
    yield* this.render(inner);
    yield* this.#apart(note(`end of ${part.number}`));
  }

  #fieldsOf({ header }: Part): string {
    const wanted = new Set(["from", "to", "cc", "date", "subject"]);
    const raw = header.fields.filter(({ name }) => wanted.has(name.toLowerCase())).map((field) => field.raw);
    const text = headerView(Buffer.concat(raw), { charsets: this.#charsets, withoutMime: true });
    return text.replace(/\r\n/g, "\n").replace(/[^\n]$/, "$&\n");
  }

  /** The message that came back is told by its header. */
  async *#report(part: Part): AsyncIterable<ViewPiece> {
    for (const child of part.parts) {
      const [inner] = child.parts;
      if (inner === undefined || !child.type.startsWith("message/")) yield* this.render(child);
      else {
        yield* this.#apart(note(`${child.number}: the message, ${sizeInWords(decodedSize(child))}`));
        yield { kind: "header", text: this.#fieldsOf(inner) };
      }
    }
  }

  async *#leaf(part: Part): AsyncIterable<ViewPiece> {
    const { type } = part;
    const summarise = summaries[type];
    if (summarise !== undefined) yield* this.#summary(summarise(this.#textOf(part)));
    else if (isCalendar(part)) yield* this.#calendar(part);
    else if (/^application\/(?:x-)?pkcs7-mime$/.test(type)) yield* this.#apart(note(smime(part)));
    else if (type.startsWith("text/") && part.disposition !== "attachment") yield* this.#text(part);
    else yield* this.#attachment(part);
  }

  async *#calendar(part: Part): AsyncIterable<ViewPiece> {
    const summary = calendarSummary(this.#textOf(part));
    if (summary === "") yield* this.#attachment(part);
    else yield* this.#summary(summary);
  }

  /** What we say of a part, in a place of its own. */
  *#summary(text: string): Iterable<ViewPiece> {
    yield* this.#apart({ kind: "summary", text });
  }

  async *#text(part: Part): AsyncIterable<ViewPiece> {
    if (part.name !== undefined) yield* this.#attachment(part);
    const charset = part.parameters.get("charset");
    if (charset !== undefined && this.#charsets(charset) === undefined)
      yield* this.#apart(note(`${part.number}: the charset ${charset} is not known`));
    const text = this.#textOf(part);
    if (/^-----BEGIN PGP SIGNED MESSAGE-----$/m.test(text))
      yield* this.#apart(note("signed (OpenPGP); the signature was not checked"));
    if (/^-----BEGIN PGP MESSAGE-----$/m.test(text)) yield* this.#apart(note("encrypted (OpenPGP)"));
    const shown = await this.#laidOut(part, text);
    if (shown !== "") yield* this.#apart({ kind: "text", text: shown.endsWith("\n") ? shown : `${shown}\n` });
    const most = part.type === "text/html" ? longestHtml : longestText;
    const left = part.end - part.start - most;
    if (left > 0) yield* this.#apart(note(`${part.number}: about ${sizeInWords(left)} more are not shown`));
  }

  async #laidOut(part: Part, text: string): Promise<string> {
    if (part.type === "text/html") {
      const { htmlText } = await import("./html-text.ts");
      return htmlText(text, this.#width);
    }
    if (part.type === "text/rfc822-headers")
      return headerView(Buffer.from(text), { charsets: this.#charsets, withoutMime: true });
    if (isFlowed(part)) {
      const delSp = part.parameters.get("delsp")?.toLowerCase() === "yes";
      return reflowed(text, { width: this.#width, delSp });
    }
    // A line that begins a message in a mailbox is shown as it is when it is printed in a pipe.
    return isPlain(part) ? text.replace(/^From /gm, ">From ") : text;
  }

  #textOf(part: Part): string {
    return partText(part, this.#charsets, part.type === "text/html" ? longestHtml : longestText);
  }

  *#attachment(part: Part): Iterable<ViewPiece> {
    yield* this.#apart(note(describePart(part)), "note");
  }

  #last: ViewPiece["kind"] | undefined;

  /** One empty line between what differs in kind. */
  *#apart(piece: ViewPiece, kind: ViewPiece["kind"] = piece.kind): Iterable<ViewPiece> {
    if (piece.text === "") return;
    if (this.#begun && !(kind === "note" && this.#last === "note")) yield { kind: piece.kind, text: "\n" };
    this.#begun = true;
    this.#last = kind;
    yield piece;
  }
}

function isCalendar({ type }: Part): boolean {
  return type === "text/calendar" || type === "application/ics";
}

function protocolOf({ parameters }: Part): string {
  const protocol = parameters.get("protocol") ?? "";
  if (/pgp/i.test(protocol)) return "OpenPGP";
  return /pkcs7/i.test(protocol) ? "S/MIME" : protocol || "unknown";
}

function smime(part: Part): string {
  const kind = part.parameters.get("smime-type")?.toLowerCase() ?? "";
  const what = kind.startsWith("signed")
    ? "signed (S/MIME); the signature was not checked, and"
    : "encrypted (S/MIME):";
  return `${describePart(part)}: ${what} it can't be read here`;
}
