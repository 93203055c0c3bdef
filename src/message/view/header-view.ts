/** Prepares header fields for display: decodes encoded words, marks misleading names and leaves the rest unchanged. */
import { type Address, parseAddressField } from "../address.ts";
import type { Charsets } from "../charsets.ts";
import { decodeRawText, decodeWords, encodedWord } from "../decode-words.ts";
import { headerParts, parseHeader } from "../header.ts";
import { namesAnother, trueName, withTrueNames } from "../lookalike.ts";
import { decodeBytes } from "../text.ts";

const addressFields =
  /^(?:resent-)?(?:from|to|cc|bcc|reply-to|sender)$|^(?:mail-followup-to|disposition-notification-to)$/;
const technicalFields =
  /^(?:mime-version|content-(?:type|transfer-encoding|disposition|language|id|description|class)|user-agent)$/;
/** The longest field, in characters, that is parsed as a list of addresses. */
const longestList = 1 << 16;

export interface HeaderLook {
  readonly charsets: Charsets;
  /** The charset that the body declares, or an empty string. */
  readonly bodyCharset: string;
  /** Whether to omit technical fields. */
  readonly isBrief: boolean;
}

/**
 * Returns whether a field is useless to the reader, because it describes the encoding or the sender's program.
 *
 * @param name in lower case
 */
export function isTechnicalField(name: string): boolean {
  return technicalFields.test(name);
}

/**
 * Returns the header as it is displayed.
 *
 * @param header with LF line endings; a From_ line and a final empty line are kept
 */
export function headerView(header: Uint8Array, { charsets, bodyCharset, isBrief }: HeaderLook): string {
  let view = "";
  let copied = 0;
  for (const part of headerParts(header)) {
    view += decodeBytes(header.subarray(copied, part.start));
    copied = part.end;
    if (part.name === undefined) view += decodeBytes(header.subarray(part.start, part.end));
    else if (!isBrief || !isTechnicalField(part.name))
      view += fieldView(part.name, header.subarray(part.start, part.end), charsets, bodyCharset);
  }
  return view + decodeBytes(header.subarray(copied));
}

function fieldView(name: string, raw: Uint8Array, charsets: Charsets, bodyCharset: string): string {
  const written = decodeBytes(raw);
  const field = parseHeader(raw).fields[0];
  if (field === undefined) return written;
  const isList = addressFields.test(name) && field.value.length <= longestList;
  const value = decodeRawText(field.value, charsets, () => bodyCharset);
  const view = isList ? addressView(value, charsets) : withTrueNames(decodeWords(value, charsets));
  // An unchanged field keeps its folds.
  if (view === field.value) return written;
  return `${field.name}: ${view}\n`;
}

/** Returns a list of addresses for display: names are decoded, and misleading names are marked. */
function addressView(value: string, charsets?: Charsets): string {
  const addresses = parseEncoded(value);
  const decoded = decodeWords(value, charsets);
  const views = addresses.map(({ name, address }) => {
    const shown = decodeWords(name, charsets).replace(/\s+/g, " ").trim();
    return { shown, address, marks: marksOf(shown, address) };
  });
  const marks = views.flatMap((view) => view.marks);
  if (decoded === value && marks.length === 0) return value;
  // The value is a group, or is not an address.
  if (addresses.length === 0) return withTrueNames(decoded);
  return views
    .map(({ shown, address, marks: own }) => {
      const brackets = shown === "" || address === "" ? address : `<${address}>`;
      return [quotePhrase(shown), brackets, ...own].filter((part) => part !== "").join(" ");
    })
    .join(", ");
}

/**
 * Parses addresses as parseAddressField does, except that commas and brackets in encoded words do not separate
 * addresses.
 */
function parseEncoded(value: string): Address[] {
  const words: string[] = [];
  const held = value.replace(encodedWord, (word) => `\ue000${words.push(word) - 1}\ue001`);
  const restored = (text: string) => text.replace(/\ue000(\d+)\ue001/g, (all, at: string) => words[Number(at)] ?? all);
  return parseAddressField(held).map(({ name, address }) => ({ name: restored(name), address: restored(address) }));
}

function marksOf(name: string, address: string): string[] {
  const really = trueName(address.slice(address.lastIndexOf("@") + 1));
  return [
    ...(really === undefined ? [] : [`[really ${really}]`]),
    ...(namesAnother(name, address) ? ["[the name is another address]"] : []),
  ];
}

/**
 * Quotes a name that contains characters that are special in addresses, so that the name cannot be mistaken for an
 * address.
 */
function quotePhrase(name: string): string {
  return /[<>,;:"@()\\[\]]/.test(name) ? `"${name.replace(/["\\]/g, "\\$&")}"` : name;
}
