/** Decides which parts of a message are shown, in which order, and which notes are printed about the other parts. */
import type { Charsets } from "../charsets.ts";
import { calendarSummary } from "./calendar.ts";
import { complaintSummary, deliverySummary, receiptSummary } from "./delivery-report.ts";
import { headerView } from "./header-view.ts";
import { layOutText, longestShown } from "./laid-out-text.ts";
import { withoutMarkup } from "./markup.ts";
import { charsetOfBody, containsMessage, listLeaves, type Part } from "./part.ts";
import { describePart, sizeInWords } from "./part-list.ts";
import { partText } from "./part-text.ts";
import { computeDecodedSize } from "./transfer-decoding.ts";

export interface ViewPiece {
  /** The message's header, the text of a part, a note about a part, or a summary of its content. */
  readonly kind: "header" | "text" | "note" | "summary";
  /** Complete lines with their newlines. */
  readonly text: string;
}

function makeNote(text: string): ViewPiece {
  return { kind: "note", text: `[${text}]\n` };
}

const summaries: Readonly<Record<string, (text: string) => string>> = {
  "message/delivery-status": deliverySummary,
  "message/global-delivery-status": deliverySummary,
  "message/disposition-notification": receiptSummary,
  "message/global-disposition-notification": receiptSummary,
  "message/feedback-report": complaintSummary,
};

/** Yields the parts of a message in the form in which they are shown. */
export class Viewer {
  readonly #charsets: Charsets;
  readonly #width: number;
  /** Whether anything has been shown, in which case an empty line must precede the next piece. */
  #begun = false;
  /** Whether an invitation has been summarised. */
  #invited = false;

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
        yield* this.#apart(makeNote(`encrypted (${protocolOf(part)}); mail cannot decrypt it`));
        for (const child of part.parts.slice(1)) yield* this.#attachment(child);
        break;
      case "multipart/report":
        yield* this.#report(part);
        break;
      default:
        if (containsMessage(part)) yield* this.#message(part);
        else for (const child of part.parts) yield* this.render(child);
    }
  }

  /** Shows the plain text or, if that is empty, the last form that has content. An invitation is always shown. */
  async *#alternative(part: Part): AsyncIterable<ViewPiece> {
    const plain = part.parts.find((child) => child.type === "text/plain" && this.#hasContent(child));
    const readable = part.parts.filter((child) => listLeaves(child).some(isText) && !isCalendar(child));
    const filled = (child: Part) => listLeaves(child).some((leaf) => isText(leaf) && this.#hasContent(leaf));
    const chosen = plain ?? readable.filter(filled).at(-1) ?? readable.at(-1) ?? part.parts[0];
    for (const child of part.parts) {
      if (child === chosen || isCalendar(child)) yield* this.render(child);
      // A part that belongs to only one alternative, such as a picture in the HTML text, is still mentioned.
      else for (const leaf of listLeaves(child)) if (!isText(leaf)) yield* this.#attachment(leaf);
    }
  }

  #hasContent(leaf: Part): boolean {
    const text = this.#textOf(leaf);
    const shown = leaf.type === "text/html" ? withoutMarkup(text) : text;
    return /[^\s\p{Cc}\p{Cf}]/u.test(shown);
  }

  /** Shows all parts except the signature, including parts that a mailing list has added. */
  async *#signed(part: Part): AsyncIterable<ViewPiece> {
    const isSignature = (child: Part) => child !== part.parts[0] && isSignatureType(child.type, part);
    for (const child of part.parts) if (!isSignature(child)) yield* this.render(child);
    const signatures = part.parts.filter(isSignature);
    const numbers = signatures.map(({ number }) => number).join(", ");
    yield* this.#apart(
      makeNote(`${numbers === "" ? "" : `${numbers}: `}signed (${protocolOf(part)}); the signature was not checked`),
    );
  }

  async *#message(part: Part): AsyncIterable<ViewPiece> {
    const [inner] = part.parts;
    if (inner === undefined) return;
    yield* this.#apart(makeNote(`${part.number}: a message, ${sizeInWords(computeDecodedSize(part))}`));
    yield { kind: "header", text: `${this.#fieldsOf(inner)}\n` };
    this.#begun = false;
    yield* this.render(inner);
    yield* this.#apart(makeNote(`end of ${part.number}`));
  }

  #fieldsOf(inner: Part): string {
    const { header } = inner;
    const wanted = new Set(["from", "to", "cc", "date", "subject"]);
    const raw = header.fields.filter(({ name }) => wanted.has(name.toLowerCase())).map((field) => field.raw);
    const text = headerView(Buffer.concat(raw), {
      charsets: this.#charsets,
      bodyCharset: charsetOfBody(inner),
      isBrief: true,
    });
    return text.replace(/\r\n/g, "\n").replace(/[^\n]$/, "$&\n");
  }

  /** Shows a report. Only the header of the returned message is shown. */
  async *#report(part: Part): AsyncIterable<ViewPiece> {
    for (const child of part.parts) {
      const [inner] = child.parts;
      if (inner === undefined || !child.type.startsWith("message/")) yield* this.render(child);
      else {
        yield* this.#apart(makeNote(`${child.number}: the message, ${sizeInWords(computeDecodedSize(child))}`));
        yield { kind: "header", text: this.#fieldsOf(inner) };
      }
    }
  }

  async *#leaf(part: Part): AsyncIterable<ViewPiece> {
    const { type } = part;
    const summarise = summaries[type];
    if (summarise !== undefined) yield* this.#summary(this.#summariseOrShow(part, summarise));
    else if (isCalendar(part)) yield* this.#calendar(part);
    else if (/^application\/(?:x-)?pkcs7-mime$/.test(type)) yield* this.#apart(makeNote(describeSmime(part)));
    else if (type.startsWith("text/") && part.disposition !== "attachment") yield* this.#text(part);
    else yield* this.#attachment(part);
  }

  /** Returns a report's summary, or the report's text if the report consists of prose instead of fields. */
  #summariseOrShow(part: Part, summarise: (text: string) => string): string {
    const text = this.#textOf(part);
    return summarise(text) || text.replace(/^\s*\n|\s+$/g, "").replace(/.$/s, "$&\n");
  }

  /** Summarises an invitation. If the invitation is repeated as an attached file, the file is only described. */
  async *#calendar(part: Part): AsyncIterable<ViewPiece> {
    const summary = this.#invited && part.disposition === "attachment" ? "" : calendarSummary(this.#textOf(part));
    if (summary === "") yield* this.#attachment(part);
    else yield* this.#summary(summary);
    this.#invited ||= summary !== "";
  }

  /** Yields a summary, separated from its neighbours by empty lines. */
  *#summary(text: string): Iterable<ViewPiece> {
    yield* this.#apart({ kind: "summary", text });
  }

  async *#text(part: Part): AsyncIterable<ViewPiece> {
    if (part.name !== undefined) yield* this.#attachment(part);
    const charset = part.parameters.get("charset");
    if (charset !== undefined && this.#charsets(charset) === undefined)
      yield* this.#apart(makeNote(`${part.number}: unknown charset ${charset}`));
    const text = this.#textOf(part);
    if (/^-----BEGIN PGP SIGNED MESSAGE-----$/m.test(text))
      yield* this.#apart(makeNote("signed (OpenPGP); the signature was not checked"));
    if (/^-----BEGIN PGP MESSAGE-----$/m.test(text)) yield* this.#apart(makeNote("encrypted (OpenPGP)"));
    const shown = await layOutText(part, text, { charsets: this.#charsets, width: this.#width });
    if (shown !== "") yield* this.#apart({ kind: "text", text: shown.endsWith("\n") ? shown : `${shown}\n` });
    const left = part.end - part.start - longestShown(part);
    if (left > 0) yield* this.#apart(makeNote(`${part.number}: about ${sizeInWords(left)} more, not shown`));
  }

  #textOf(part: Part): string {
    return partText(part, this.#charsets, longestShown(part));
  }

  *#attachment(part: Part): Iterable<ViewPiece> {
    yield* this.#apart(makeNote(describePart(part)), "note");
  }

  #last: ViewPiece["kind"] | undefined;

  /** Inserts an empty line between pieces of different kinds. */
  *#apart(piece: ViewPiece, kind: ViewPiece["kind"] = piece.kind): Iterable<ViewPiece> {
    if (piece.text === "") return;
    if (this.#begun && !(kind === "note" && this.#last === "note")) yield { kind: piece.kind, text: "\n" };
    this.#begun = true;
    this.#last = kind;
    yield piece;
  }
}

function isText({ type }: Part): boolean {
  return type.startsWith("text/");
}

function isSignatureType(type: string, { parameters }: Part): boolean {
  return type === parameters.get("protocol")?.trim().toLowerCase() || /^application\/.*-signature$/.test(type);
}

function isCalendar({ type }: Part): boolean {
  return type === "text/calendar" || type === "application/ics";
}

function protocolOf({ parameters }: Part): string {
  const protocol = parameters.get("protocol") ?? "";
  if (/pgp/i.test(protocol)) return "OpenPGP";
  return /pkcs7/i.test(protocol) ? "S/MIME" : protocol || "unknown";
}

function describeSmime(part: Part): string {
  const kind = part.parameters.get("smime-type")?.toLowerCase() ?? "";
  const what = kind.startsWith("signed")
    ? "signed (S/MIME); mail cannot show it or check the signature"
    : "encrypted (S/MIME); mail cannot decrypt it";
  return `${describePart(part)}: ${what}`;
}
