/** Adds the fields that Postfix's smtpd, cleanup and local add to an incoming message, and creates its queue ID. */
import { randomInt } from "node:crypto";
import { formatDateField } from "../message/format-field.ts";

export interface Arrival {
  readonly id: string;
  readonly date: Date;
  /** The argument of HELO or EHLO. */
  readonly helo: string;
  /** For example `localhost[127.0.0.1]`. */
  readonly client: { readonly name: string; readonly address: string };
  readonly protocol: "SMTP" | "ESMTP";
  /** The envelope sender; empty for a bounce. */
  readonly sender: string;
}

/** Returns the fields to prepend, each with its newline. */
export function traceFields(
  arrival: Arrival,
  to: { original: string; address: string },
  by: { domain: string; single: boolean },
): string {
  const { client } = arrival;
  return [
    `Return-Path: <${arrival.sender}>`,
    `X-Original-To: ${to.original}`,
    `Delivered-To: ${to.address}`,
    `Received: from ${arrival.helo} (${client.name} [${client.address}])`,
    `\tby ${by.domain} (maild) with ${arrival.protocol} id ${arrival.id}${by.single ? "" : `; ${formatDateField(arrival.date)}`}`,
    ...(by.single ? [`\tfor <${to.original}>; ${formatDateField(arrival.date)}`] : []),
    "",
  ].join("\n");
}

/**
 * Fields that are removed: Bcc fields, and fields that only the final server may add (Postfix's message_drop_headers).
 */
const dropped = new Set(["bcc", "resent-bcc", "content-length", "return-path"]);

/** Maximum length of a header in bytes. The header is kept in memory until its end is reached. */
const longestHeader = 1024 * 1024;
/** Maximum number of bytes of a line that are kept in memory before it is known whether the line is a field. */
const longestLine = 64 * 1024;

/**
 * Converts a message from SMTP to its stored form while it is received: newlines become LF, some header fields are
 * removed, and missing Message-Id, Date and From fields are added. No From_ line is added.
 */
export class Cleaner {
  readonly #arrival: Arrival;
  readonly #domain: string;
  #header: Header | undefined = new Header();
  /** Whether the last piece ended in CR, which may be half of a CR LF. */
  #endsInCr = false;
  #lastByte = "\n";
  /** The value of Message-Id, available after the header has been received. */
  messageId = "";
  /** The number of Received fields in the header. */
  hops = 0;
  /** Whether the header is too long. If so, no more bytes are returned. */
  isHeaderTooLong = false;

  constructor(arrival: Arrival, domain: string) {
    this.#arrival = arrival;
    this.#domain = domain;
  }

  /** Returns the bytes to be stored, except those that earlier calls have returned. */
  write(piece: Buffer): Buffer {
    // latin1 maps each byte to one character and back.
    const text = `${this.#endsInCr ? "\r" : ""}${piece.toString("latin1")}`;
    this.#endsInCr = text.endsWith("\r");
    return this.#store((this.#endsInCr ? text.slice(0, -1) : text).replace(/\r\n/g, "\n"));
  }

  /** Returns the last bytes to be stored. */
  end(): Buffer {
    const rest = this.#store(this.#endsInCr ? "\r" : "");
    const last = this.#header === undefined ? Buffer.alloc(0) : this.#storeHeader(this.#header.finish());
    return Buffer.concat([rest, last, Buffer.from(this.#lastByte === "\n" ? "" : "\n")]);
  }

  #store(text: string): Buffer {
    if (this.#header === undefined) return this.#storeBody(text);
    const body = this.#header.read(text);
    this.isHeaderTooLong ||= this.#header.length > longestHeader;
    if (this.isHeaderTooLong) this.#header = new Header();
    return body === undefined || this.isHeaderTooLong ? Buffer.alloc(0) : this.#storeHeader(body);
  }

  #storeHeader(body: string): Buffer {
    const fields = this.#header?.fields ?? [];
    this.#header = undefined;
    const kept = fields.filter((field) => !dropped.has(nameOfClient(field)));
    const find = (name: string): string | undefined => kept.find((field) => nameOfClient(field) === name);
    const { date, id, sender } = this.#arrival;
    const given = find("message-id");
    const ownId = `<${formatTimestamp(date)}.${id}@${this.#domain}>`;
    if (given === undefined) kept.push(`Message-Id: ${ownId}\n`);
    if (find("date") === undefined) kept.push(`Date: ${formatDateField(date)}\n`);
    if (find("from") === undefined) kept.push(`From: ${sender === "" ? `MAILER-DAEMON@${this.#domain}` : sender}\n`);
    this.messageId =
      given === undefined
        ? ownId
        : given
            .slice(given.indexOf(":") + 1)
            .replace(/\s+/g, " ")
            .trim();
    this.hops = fields.filter((field) => nameOfClient(field) === "received").length;
    return Buffer.concat([Buffer.from(`${kept.join("")}\n`, "latin1"), this.#storeBody(body)]);
  }

  #storeBody(text: string): Buffer {
    this.#lastByte = text.at(-1) ?? this.#lastByte;
    return Buffer.from(text, "latin1");
  }
}

/** Returns whether a line begins a field or continues the previous field. */
function isFieldLine(line: string, fields: readonly string[]): boolean {
  return /^[\t ]/.test(line) ? fields.length > 0 : /^[\x21-\x39\x3b-\x7e]+[\t ]*:/.test(line);
}

/** Collects header fields, with their folded lines and newlines, until a line that is not a field begins the body. */
class Header {
  readonly fields: string[] = [];
  /** Number of characters so far. */
  length = 0;
  #rest = "";

  /** Returns the beginning of the body; undefined until the header is complete. */
  read(text: string): string | undefined {
    this.length += text.length;
    // A long line may arrive in many pieces, so it is searched only after its end has arrived.
    if (!text.includes("\n") && this.#rest.length + text.length <= longestLine) {
      this.#rest += text;
      return undefined;
    }
    const all = this.#rest + text;
    let at = 0;
    for (let end = all.indexOf("\n") + 1; end > 0; end = all.indexOf("\n", at) + 1) {
      const line = all.slice(at, end);
      if (line === "\n") return all.slice(end);
      if (!this.#add(line)) return all.slice(at);
      at = end;
    }
    this.#rest = all.slice(at);
    return this.#rest.length <= longestLine || isFieldLine(this.#rest, this.fields) ? undefined : this.#rest;
  }

  /** Returns the body if the message ends inside the header. */
  finish(): string {
    if (this.#rest === "") return "";
    return this.#add(`${this.#rest}\n`) ? "" : this.#rest;
  }

  #add(line: string): boolean {
    if (!isFieldLine(line, this.fields)) return false;
    if (/^[\t ]/.test(line)) this.fields[this.fields.length - 1] += line;
    else this.fields.push(line);
    return true;
  }
}

function nameOfClient(field: string): string {
  return field.slice(0, field.indexOf(":")).trim().toLowerCase();
}

function formatTimestamp(date: Date): string {
  return date.toISOString().replace(/\D/g, "").slice(0, 14);
}

let next = randomInt(0x10_0000);

/** Returns a queue ID in the format of Postfix's short IDs, such as DE3232C16A: the microsecond, then a counter. */
export function createQueueId(): string {
  const microsecond = Number((process.hrtime.bigint() / 1000n) % 1_000_000n);
  next = (next + 1) % 0x10_0000;
  return formatHex(microsecond) + formatHex(next);
}

function formatHex(number: number): string {
  return number.toString(16).toUpperCase().padStart(5, "0");
}
