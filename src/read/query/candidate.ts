/** A message that a query examines. */
import { headerText, readHeaderText } from "../../mailbox/header-text.ts";
import { joinValues, type ListFacts, type TextColumn } from "../../mailbox/list-facts.ts";
import type { StoredMessages } from "../../mailbox/mailbox.ts";
import { changeLetters } from "../../mailbox/marks.ts";
import { type Charsets, nodeCharsets } from "../../message/charsets.ts";
import { decodeRawText, decodeWords } from "../../message/decode-words.ts";
import { parseAsctime, parseDateField } from "../../message/field-date.ts";
import { type Fields, fieldValues, firstValue, readFields, valuesIn } from "../../message/field-values.ts";
import { parseStructured } from "../../message/parameters.ts";
import { findSender, parseEnvelope, readEnvelope, senderToShow } from "../../message/sender.ts";
import { mayHaveAttachments } from "../../message/view/attaching.ts";
import { listFailedRecipients, mayBeBounce } from "../../message/view/bounce.ts";
import { type Bytes, bytesOf } from "../../message/view/bytes.ts";
import { charsetOfBody, parseParts } from "../../message/view/part.ts";

/** The length in bytes above which a message is not kept in memory but read in pieces. */
const longest = 8 << 20;

/** The fields whose values may be among the known facts, keyed by lower-case name. */
const columns = {
  from: "from",
  to: "to",
  cc: "cc",
  subject: "subject",
  "message-id": "messageId",
  references: "references",
  "in-reply-to": "inReplyTo",
  "reply-to": "replyTo",
} as const satisfies Record<string, TextColumn>;

function columnOfField(name: string): (typeof columns)[keyof typeof columns] | undefined {
  return (columns as Readonly<Record<string, (typeof columns)[keyof typeof columns]>>)[name.toLowerCase()];
}

/** Provides the properties of a message that a query checks. Each property is computed when it is first requested. */
export class Candidate {
  readonly messages: StoredMessages;
  readonly message: number;
  readonly charsets: Charsets;
  readonly #bytes: Buffer | undefined;
  #facts: ListFacts | undefined | "not requested" = "not requested";
  #header: string | undefined;
  #stored: string | undefined;
  #fields: Fields | undefined;

  /** @param bytes the stored message or only its header, if already read */
  constructor(messages: StoredMessages, message: number, bytes?: Buffer, charsets: Charsets = nodeCharsets) {
    this.messages = messages;
    this.message = message;
    this.charsets = charsets;
    this.#bytes = bytes;
  }

  get flags(): number {
    return this.messages.flags(this.message);
  }

  get id(): string {
    return this.messages.key(this.message, this.#bytes);
  }

  get size(): number {
    return this.messages.size(this.message);
  }

  /** The known facts about the message. If these facts are sufficient, the header need not be read. */
  get known(): ListFacts | undefined {
    if (this.#facts === "not requested") this.#facts = this.messages.facts?.(this.message);
    return this.#facts;
  }

  /** The From_ line and the header, one character per byte. */
  get header(): string {
    this.#header ??= this.#bytes === undefined ? readHeaderText(this.messages, this.message) : headerText(this.#bytes);
    return this.#header;
  }

  /** The bytes passed to the constructor, one character per byte. The bytes are converted only once. */
  get stored(): string | undefined {
    this.#stored ??= this.#bytes?.toString("latin1");
    return this.#stored;
  }

  /** Parses the complete header, for a caller that needs many fields. */
  parseHeader(): void {
    this.#fields = readFields(this.header);
  }

  #valuesOf(name: string): string[] {
    return this.#fields === undefined ? fieldValues(this.header, name) : valuesIn(this.#fields, name.toLowerCase());
  }

  /** Returns the values of all fields with the given name, undecoded. */
  storedFields(name: string): readonly string[] {
    const column = columnOfField(name);
    const known = column === undefined ? undefined : this.known?.[column];
    return known ?? this.#valuesOf(name);
  }

  /** Returns the same values as `storedFields`, each followed by LF. */
  storedText(name: keyof typeof columns): string {
    return this.known?.text(columns[name]) ?? joinValues(this.#valuesOf(name));
  }

  /** Returns the undecoded value of the first field with the given name, or an empty string if there is none. */
  firstStoredField(name: keyof typeof columns): string {
    const text = this.storedText(name);
    return text.slice(0, Math.max(0, text.indexOf("\n")));
  }

  /** Returns the decoded values of all fields with the given name. */
  fields(name: string): string[] {
    return this.storedFields(name).map((value) => this.decode(value));
  }

  /**
   * Returns the values of all fields with the given name. Only 8-bit text is decoded, so that the values can be parsed.
   */
  undecodedFields(name: string): string[] {
    const charset = () => this.#bodyCharset();
    return this.storedFields(name).map((value) => decodeRawText(value, this.charsets, charset));
  }

  /** Returns a field's value, with encoded words and 8-bit text decoded. */
  decode(value: string): string {
    return decodeWords(value, this.charsets, () => this.#bodyCharset());
  }

  /** Returns the charset that the body declares. Reads the message only if it is a multipart message. */
  #bodyCharset(): string {
    const declared = parseStructured(fieldValues(this.header, "content-type")[0] ?? "");
    if (!declared.value.startsWith("multipart/")) return declared.parameters.get("charset") ?? "";
    return charsetOfBody(parseParts(this.source));
  }

  /** The sender as in header lines, undecoded. A sender given in a message list is compared with this text. */
  get sender(): string {
    return this.#sender(false);
  }

  /** The sender's name, as in header lines with `set showname`. */
  get senderName(): string {
    return this.#sender(true);
  }

  #sender(byName: boolean): string {
    const from = this.known?.from ?? [];
    return from.length > 0 ? senderToShow(from, byName) : findSender(this.header, byName);
  }

  /** The user and the date in the From_ line. */
  get envelope(): { user: string; date: string } {
    const known = this.known?.envelope;
    return known === undefined ? readEnvelope(this.header) : parseEnvelope(known);
  }

  /** The date in the Date field or, if there is none, in the From_ line. */
  get date(): Date | undefined {
    const known = this.known?.date;
    if (isTime(known)) return new Date(known);
    const inField = known === undefined ? parseDateField(this.#firstValue("date") ?? "") : undefined;
    return inField ?? parseAsctime(this.envelope.date);
  }

  #firstValue(name: string): string | undefined {
    return this.#fields === undefined ? firstValue(this.header, name) : valuesIn(this.#fields, name)[0];
  }

  /** The same date in milliseconds since 1970. */
  get time(): number | undefined {
    const known = this.known?.date;
    return isTime(known) ? known : this.date?.getTime();
  }

  /**
   * The marks that the session or other clients have set. The marks are in X-Status, as written by mutt and Dovecot, or
   * in the name of a Maildir file.
   */
  get marks(): { readonly flagged: boolean; readonly answered: boolean; readonly draft: boolean } {
    const inName = this.messages.letters?.(this.message);
    const stored = inName ?? (this.known?.plain === 1 ? "" : this.#valuesOf("x-status").join(""));
    const letters = changeLetters(stored, this.flags, inName === undefined ? "xStatus" : "maildir");
    const [answered, draft] = inName === undefined ? ["A", "T"] : ["R", "D"];
    return { flagged: letters.includes("F"), answered: letters.includes(answered), draft: letters.includes(draft) };
  }

  /**
   * Whether the message may have attachments, judging by the header alone. Most messages are plain text and need no
   * further check.
   */
  get mayHaveAttachments(): boolean {
    return this.known?.plain !== 1 && mayHaveAttachments(this.header);
  }

  /**
   * The recipients to which a message could not be delivered, if this message is a delivery failure report; otherwise
   * undefined.
   */
  get failedRecipients(): string[] | undefined {
    if (this.known?.plain === 1) return undefined;
    const { header } = this;
    return mayBeBounce(header) ? listFailedRecipients(header, parseParts(this.source)) : undefined;
  }

  /** The stored message; undefined if it is too long to keep in memory. */
  get whole(): Buffer | undefined {
    const { size } = this;
    if (this.#bytes !== undefined && this.#bytes.length === size) return this.#bytes;
    return size > longest ? undefined : this.messages.read(this.message, 0, size);
  }

  /** The stored message, which may be of any length and is read in pieces. */
  get source(): Bytes {
    const { messages, message, size, whole } = this;
    return whole === undefined ? { size, read: (start, end) => messages.read(message, start, end) } : bytesOf(whole);
  }
}

function isTime(milliseconds: number | undefined): milliseconds is number {
  return milliseconds !== undefined && !Number.isNaN(milliseconds);
}
