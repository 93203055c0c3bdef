/**
 * Reads a complete draft as JSON from standard input. act/schemas.ts declares its form.
 *
 * The calling program may have copied the values from messages. Therefore a value cannot add another header field, and
 * a recipient cannot be a file or a command.
 */

import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import type { Composition } from "../compose/compose.ts";
import { type Attachment, openAttachment, presentableName } from "../compose/draft/attachment.ts";
import { Body } from "../compose/draft/body.ts";
import { type Draft, emptyDraft, setBodyType } from "../compose/draft/draft.ts";
import { findAddressFault, isSink, qualifyAddress } from "../compose/draft/recipients.ts";
import { ttyCharset } from "../config/settings.ts";
import { Exit, MailError } from "../errors.ts";
import { parseAddresses } from "../message/address.ts";
import { composeContext } from "../read/send/compose-context.ts";
import type { Session } from "../read/session/session.ts";

type Values = Readonly<Record<string, unknown>>;

const keys = [
  "from",
  "to",
  "cc",
  "bcc",
  "subject",
  "text",
  "html",
  "attachments",
  "headers",
  "inReplyTo",
  "references",
] as const;

/** The header fields that other keys set, or that describe the message's structure. */
const ownFields = /^(?:from|to|cc|bcc|subject|in-reply-to|references|mime-version|content-.*|resent-.*)$/i;

/** The maximum time in milliseconds for which an attached pipe may remain silent. */
const patience = 60_000;

/** Returns the message that standard input describes. @throws MailError with Exit.DataErr for an invalid value */
export async function readJsonDraft(session: Session): Promise<Composition> {
  const values = parseObject(await buffer(Readable.from(session.terminal.rest())));
  const draft = emptyDraft();
  const [from, ...others] = readAddresses(values, "from");
  if (others.length > 0) throw makeInvalidError("from", "must be one address");
  draft.from = from;
  draft.to = readAddresses(values, "to");
  draft.cc = readAddresses(values, "cc");
  draft.bcc = readAddresses(values, "bcc");
  if (draft.to.length + draft.cc.length + draft.bcc.length === 0) throw makeInvalidError("to", "no recipients");
  draft.subject = readLine(values, "subject");
  draft.fields = readHeaders(values["headers"]);
  addReferences(draft, values);
  addText(draft, values);
  draft.attachments = await readAttachments(session, values["attachments"]);
  // Without expandaddr, a recipient is never treated as a file or a command.
  session.config.settings.unset("expandaddr");
  return { context: composeContext(session, { subject: false }), draft };
}

function makeInvalidError(where: string, what: string): MailError {
  return new MailError(`--from-json: ${where}: ${what}; nothing was sent`, Exit.DataErr, {
    reason: "invalid draft",
    remedy: "mail --json-schema draft prints the schema",
  });
}

function parseObject(bytes: Buffer): Values {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw makeInvalidError("standard input", "not a JSON object in UTF-8");
  }
  return requireObject(value, "standard input", keys);
}

function requireObject(value: unknown, where: string, allowed: readonly string[] | undefined): Values {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw makeInvalidError(where, "must be an object");
  const unknown = allowed && Object.keys(value).find((key) => !allowed.includes(key));
  if (unknown !== undefined) throw makeInvalidError(where, `unknown key ${JSON.stringify(unknown)}`);
  return value as Values;
}

function readJsonText(values: Values, key: string, where = key): string | undefined {
  const value = values[key];
  if (value === undefined) return undefined;
  if (typeof value !== "string") throw makeInvalidError(where, "must be a string");
  if (!value.isWellFormed()) throw makeInvalidError(where, "not valid Unicode");
  return value;
}

/** Returns a string for use in the header. The string must be a single line. */
function readLine(values: Values, key: string, where = key): string | undefined {
  const value = readJsonText(values, key, where);
  if (value !== undefined && /[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]/.test(value))
    throw makeInvalidError(where, "contains a line break or another control character");
  return value;
}

function readAddresses(values: Values, key: string): string[] {
  const value = values[key];
  if (value === undefined) return [];
  return (Array.isArray(value) ? value : [value]).map((each) => readAddress(each, key));
}

/**
 * Returns an address in the form that a header field requires.
 *
 * @param value `ann@example.org`, `Ann <ann@example.org>`, or an object
 */
function readAddress(value: unknown, key: string): string {
  if (typeof value === "string") return checkAddress(readLine({ address: value }, "address", key) ?? "", key);
  if (typeof value !== "object" || value === null) throw makeInvalidError(key, "must be a string or an object");
  const person = requireObject(value, key, ["name", "address"]);
  const name = readLine(person, "name", `${key}: name`) ?? "";
  const address = readLine(person, "address", `${key}: address`);
  if (address === undefined || /[<>(),;:"\s]/.test(address)) throw makeInvalidError(key, "not an address");
  return checkAddress(name === "" ? address : `"${name.replace(/["\\]/g, "\\$&")}" <${address}>`, key);
}

function checkAddress(text: string, key: string): string {
  const [found, other] = parseAddresses(text);
  const address = found?.address ?? "";
  const fault = findAddressFault(qualifyAddress(address, "localhost"));
  if (address === "" || other !== undefined || isSink(address) || /^[-&~]/.test(address) || fault !== undefined)
    throw makeInvalidError(key, `${JSON.stringify(text)} is not an address`);
  return text;
}

function readHeaders(value: unknown): Draft["fields"] {
  if (value === undefined) return [];
  const headers = requireObject(value, "headers", undefined);
  return Object.keys(headers).flatMap((name) => {
    const where = `headers: ${JSON.stringify(name)}`;
    if (!/^[!-9;-~]+$/.test(name)) throw makeInvalidError(where, "not the name of a header field");
    if (ownFields.test(name)) throw makeInvalidError(where, "cannot be set here");
    const given = headers[name];
    return (Array.isArray(given) ? given : [given]).map((one) => {
      const text = readLine({ one }, "one", where);
      if (text === undefined) throw makeInvalidError(where, "must be a string");
      return { name, value: text };
    });
  });
}

function addReferences(draft: Draft, values: Values): void {
  const isId = (text: string) => /^<[^<>\s]+>$/.test(text);
  const inReplyTo = readLine(values, "inReplyTo");
  if (inReplyTo !== undefined && !isId(inReplyTo))
    throw makeInvalidError("inReplyTo", "not a message-id such as <a@b>");
  const references = values["references"] ?? (inReplyTo === undefined ? [] : [inReplyTo]);
  if (!Array.isArray(references)) throw makeInvalidError("references", "must be an array");
  const ids = references.map((one) => readLine({ one }, "one", "references") ?? "");
  if (!ids.every(isId)) throw makeInvalidError("references", "not a message-id such as <a@b>");
  draft.inReplyTo = inReplyTo;
  draft.references = ids.length === 0 ? undefined : ids.join(" ");
}

function addText(draft: Draft, values: Values): void {
  const text = readJsonText(values, "text");
  const html = readJsonText(values, "html");
  draft.body.append(Buffer.from(html ?? text ?? ""));
  if (html === undefined) return;
  draft.form = { html: true, ...(text === undefined ? {} : { plainForm: text }) };
  setBodyType(draft, "text/html");
}

async function readAttachments(session: Session, value: unknown): Promise<Attachment[]> {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw makeInvalidError("attachments", "must be an array");
  const attachments: Attachment[] = [];
  for (const [index, each] of value.entries()) attachments.push(await readJsonAttachment(session, each, index));
  return attachments;
}

async function readJsonAttachment({ config }: Session, value: unknown, index: number): Promise<Attachment> {
  const where = `attachments[${index}]`;
  const given = requireObject(value, where, ["path", "base64", "name", "type"]);
  const path = readJsonText(given, "path", `${where}.path`);
  const base64 = readJsonText(given, "base64", `${where}.base64`);
  const fileName = readLine(given, "name", `${where}.name`);
  const type = readLine(given, "type", `${where}.type`);
  if (type !== undefined && !/^[\w.+-]+\/[\w.+-]+$/.test(type))
    throw makeInvalidError(`${where}.type`, "not a MIME type");
  if ((path === undefined) === (base64 === undefined)) throw makeInvalidError(where, "requires either path or base64");
  if (path !== undefined) {
    if (path === "" || path.includes("\0")) throw makeInvalidError(`${where}.path`, "not a path");
    const label = { ...(fileName === undefined ? {} : { fileName }), ...(type === undefined ? {} : { type }) };
    try {
      return await openAttachment(path, { ...label, ttycharset: ttyCharset(config), patience });
    } catch (error) {
      if (!(error instanceof MailError)) throw error;
      const text = `--from-json: ${where}.path: ${error.message}; nothing was sent`;
      throw new MailError(text, error.exit, { cause: error, remedy: error.remedy });
    }
  }
  if (fileName === undefined) throw makeInvalidError(where, "base64 requires a name");
  const text = base64 ?? "";
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text))
    throw makeInvalidError(`${where}.base64`, "not base64");
  const body = new Body();
  body.append(Buffer.from(text, "base64"));
  const name = presentableName(fileName);
  return { path: name, name, type: type ?? "application/octet-stream", size: body.size, open: () => body.open() };
}
