/** The fields that a message gets on its way in, as Postfix's smtpd, cleanup and local put them there. */
import { dateField } from "../message/date.ts";

export interface Arrival {
  readonly id: string;
  readonly date: Date;
  /** What HELO or EHLO said. */
  readonly helo: string;
  /** `localhost[127.0.0.1]` */
  readonly client: { readonly name: string; readonly address: string };
  readonly protocol: "SMTP" | "ESMTP";
  /** Empty for a bounce. */
  readonly sender: string;
}

/** The fields in front, each with its newline. */
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
    `\tby ${by.domain} (maild) with ${arrival.protocol} id ${arrival.id}${by.single ? "" : `; ${dateField(arrival.date)}`}`,
    ...(by.single ? [`\tfor <${to.original}>; ${dateField(arrival.date)}`] : []),
    "",
  ].join("\n");
}

export interface Cleaned {
  /** With lines that end in a newline alone, without From_ line. */
  readonly message: Buffer;
  readonly messageId: string;
}

/** Not to be stored: names of others, and what only the last server may say (message_drop_headers of Postfix). */
const dropped = new Set(["bcc", "resent-bcc", "content-length", "return-path"]);

/** Makes a message as SMTP brought it into one to be stored: line ends, dropped fields, and Message-Id, Date, From. */
export function cleanUp(wire: Buffer, arrival: Arrival, domain: string): Cleaned {
  // latin1 maps each byte to one character and back.
  const text = wire.toString("latin1").replace(/\r\n/g, "\n");
  const { fields, body } = splitHeader(text);
  const kept = fields.filter((field) => !dropped.has(nameOf(field)));
  const has = (name: string): string | undefined => kept.find((field) => nameOf(field) === name);
  const messageId = has("message-id");
  const ownId = `<${stamp(arrival.date)}.${arrival.id}@${domain}>`;
  if (messageId === undefined) kept.push(`Message-Id: ${ownId}\n`);
  if (has("date") === undefined) kept.push(`Date: ${dateField(arrival.date)}\n`);
  if (has("from") === undefined)
    kept.push(`From: ${arrival.sender === "" ? `MAILER-DAEMON@${domain}` : arrival.sender}\n`);
  const message = Buffer.from(`${kept.join("")}\n${body}${body === "" || body.endsWith("\n") ? "" : "\n"}`, "latin1");
  return {
    message,
    messageId:
      messageId
        ?.slice(messageId.indexOf(":") + 1)
        .replace(/\s+/g, " ")
        .trim() ?? ownId,
  };
}

/** Fields with their continuation lines and newlines. A line that is no field ends the header and begins the body. */
function splitHeader(text: string): { fields: string[]; body: string } {
  const fields: string[] = [];
  let at = 0;
  while (at < text.length) {
    const end = text.indexOf("\n", at) + 1 || text.length;
    const line = text.slice(at, end);
    if (/^[\t ]/.test(line) && fields.length > 0) fields[fields.length - 1] += line;
    else if (/^[\x21-\x39\x3b-\x7e]+[\t ]*:/.test(line)) fields.push(line);
    else if (line === "\n") return { fields, body: text.slice(end) };
    else break;
    at = end;
  }
  const last = fields.at(-1);
  if (last !== undefined && !last.endsWith("\n")) fields[fields.length - 1] = `${last}\n`;
  return { fields, body: text.slice(at) };
}

function nameOf(field: string): string {
  return field.slice(0, field.indexOf(":")).trim().toLowerCase();
}

function stamp(date: Date): string {
  return date.toISOString().replace(/\D/g, "").slice(0, 14);
}
