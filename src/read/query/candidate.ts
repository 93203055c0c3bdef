/** One message under examination: what a term may ask of it, each made when first asked for. */
import type { Mailbox } from "../../mailbox/mailbox.ts";
import { decodeWords } from "../../message/decode-words.ts";
import { parseAsctime, parseDateField } from "../../message/field-date.ts";
import { fieldValues } from "../../message/field-values.ts";
import { findSender, readFromLine } from "../../message/sender.ts";
import { type Bytes, bytesOf } from "../../message/view/bytes.ts";

/** A message longer than this is not held in memory, but read where it is looked into. */
const longest = 8 << 20;

const attaching =
  /\ncontent-(?:disposition:|type:\s*(?:multipart|message)\/|type:[^\n]*(?:\n[ \t][^\n]*)*?name[*0-9]*\s*=)/i;

/** Provides what a query asks about one message, computed at the first request. */
export class Candidate {
  readonly mailbox: Mailbox;
  readonly message: number;
  readonly #bytes: Buffer | undefined;
  #header: string | undefined;
  #stored: string | undefined;

  /** @param bytes the message as stored, or its header alone, where they are at hand */
  constructor(mailbox: Mailbox, message: number, bytes?: Buffer) {
    this.mailbox = mailbox;
    this.message = message;
    this.#bytes = bytes;
  }

  get flags(): number {
    return this.mailbox.flags(this.message);
  }

  get size(): number {
    return this.mailbox.size(this.message);
  }

  /** The From_ line and the header, each byte as the character of that code. */
  get header(): string {
    this.#header ??= this.#headerText();
    return this.#header;
  }

  #headerText(): string {
    const text = this.stored ?? this.mailbox.header(this.message).toString("latin1");
    const end = /\n\r?\n/.exec(text)?.index;
    return end === undefined ? text : text.slice(0, end + 1);
  }

  /** The bytes that were at hand, each as the character of that code: made once for all that look for text in them. */
  get stored(): string | undefined {
    this.#stored ??= this.#bytes?.toString("latin1");
    return this.#stored;
  }

  /** Decoded values of all fields of that name. */
  fields(name: string): string[] {
    return fieldValues(this.header, name).map((value) => decodeWords(value));
  }

  /** As header lines show it, undecoded: what a bare word of a list is looked for in. */
  get sender(): string {
    return this.#sender(false);
  }

  /** The same with `set showname`. */
  get senderName(): string {
    return this.#sender(true);
  }

  #sender(byName: boolean): string {
    const { header } = this;
    return findSender(fieldValues(header, "from"), fieldValues(header, "sender"), () => this.envelope.user, byName);
  }

  /** The From_ line. */
  get envelope(): { user: string; date: string } {
    const { header } = this;
    return readFromLine(Buffer.from(header.slice(0, header.indexOf("\n") + 1), "latin1"));
  }

  /** Of the Date field, else of the From_ line. */
  get date(): Date | undefined {
    return parseDateField(fieldValues(this.header, "date")[0] ?? "") ?? parseAsctime(this.envelope.date);
  }

  /** As other clients marked it: in X-Status, as mutt and Dovecot do, or in the name of a Maildir's file. */
  get marks(): { readonly flagged: boolean; readonly answered: boolean } {
    const inName = this.mailbox.letters?.(this.message);
    const letters = inName ?? fieldValues(this.header, "x-status").join("");
    return { flagged: letters.includes("F"), answered: letters.includes(inName === undefined ? "A" : "R") };
  }

  /** Whether files can be attached, by the header alone: most messages are plain text and need no further look. */
  get mayHaveAttachments(): boolean {
    return attaching.test(this.header);
  }

  /** As stored; undefined where it is too long to be held. */
  get whole(): Buffer | undefined {
    const { size } = this;
    if (this.#bytes !== undefined && this.#bytes.length === size) return this.#bytes;
    return size > longest ? undefined : this.mailbox.read(this.message, 0, size);
  }

  /** The same to be read in parts, however long it is. */
  get source(): Bytes {
    const { mailbox, message, size, whole } = this;
    return whole === undefined ? { size, read: (start, end) => mailbox.read(message, start, end) } : bytesOf(whole);
  }
}
