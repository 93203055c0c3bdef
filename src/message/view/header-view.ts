/** Header fields as they are read: encoded words decoded, what misleads marked, everything else as stored. */
import { type Address, parseAddresses } from "../address.ts";
import type { Charsets } from "../charsets.ts";
import { decodeWords, encodedWord } from "../decode-words.ts";
import { headerParts, parseHeader } from "../header.ts";
import { namesAnother, trueName, withTrueNames } from "../lookalike.ts";
import { fromBytes } from "../text.ts";

const addressFields =
  /^(?:resent-)?(?:from|to|cc|bcc|reply-to|sender)$|^(?:mail-followup-to|disposition-notification-to)$/;
/** What tells a program how to read the message; once it has been read so, it tells a person nothing. */
const mimeFields = /^(?:mime-version|content-(?:type|transfer-encoding|disposition|language|id|description|class))$/;
/** Longer fields are no list of addresses that a person reads. */
const longestList = 1 << 16;

export interface HeaderLook {
  readonly charsets: Charsets;
  /** Leaves out the fields of MIME. */
  readonly withoutMime: boolean;
}

/** @param header with LF line ends; its From_ line and the empty line at its end stay */
export function headerView(header: Uint8Array, { charsets, withoutMime }: HeaderLook): string {
  let view = "";
  let copied = 0;
  for (const part of headerParts(header)) {
    view += fromBytes(header.subarray(copied, part.start));
    copied = part.end;
    if (part.name === undefined) view += fromBytes(header.subarray(part.start, part.end));
    else if (!withoutMime || !mimeFields.test(part.name))
      view += fieldView(part.name, header.subarray(part.start, part.end), charsets);
  }
  return view + fromBytes(header.subarray(copied));
}

function fieldView(name: string, raw: Uint8Array, charsets: Charsets): string {
  const written = fromBytes(raw);
  const field = parseHeader(raw).fields[0];
  if (field === undefined) return written;
  const isList = addressFields.test(name) && field.value.length <= longestList;
  const view = isList ? addressView(field.value, charsets) : withTrueNames(decodeWords(field.value, charsets));
  // What need not be changed keeps its folds.
  if (view === field.value) return written;
  // A line end in an encoded word must not begin what looks like another field.
  return `${field.name}: ${view.replace(/\n/g, "^J").replace(/\r/g, "^M")}\n`;
}

/** A list of addresses as it is read: names decoded, and those that would mislead marked. */
function addressView(value: string, charsets?: Charsets): string {
  const addresses = parseEncoded(value);
  const decoded = decodeWords(value, charsets);
  const views = addresses.map(({ name, address }) => {
    const shown = decodeWords(name, charsets).replace(/\s+/g, " ").trim();
    return { shown, address, marks: marksOf(shown, address) };
  });
  const marks = views.flatMap((view) => view.marks);
  if (decoded === value && marks.length === 0) return value;
  // A group or what is no address at all.
  if (addresses.length === 0) return withTrueNames(decoded);
  return views
    .map(({ shown, address, marks: own }) => {
      const who = shown === "" ? address : `${quotePhrase(shown)} <${address}>`;
      return [who, ...own].join(" ");
    })
    .join(", ");
}

/** As parseAddresses, but the signs of an encoded word are none of the list's. */
function parseEncoded(value: string): Address[] {
  const words: string[] = [];
  const held = value.replace(encodedWord, (word) => `\ue000${words.push(word) - 1}\ue001`);
  const restored = (text: string) => text.replace(/\ue000(\d+)\ue001/g, (all, at: string) => words[Number(at)] ?? all);
  return parseAddresses(held).map(({ name, address }) => ({ name: restored(name), address: restored(address) }));
}

function marksOf(name: string, address: string): string[] {
  const really = trueName(address.slice(address.lastIndexOf("@") + 1));
  return [
    ...(really === undefined ? [] : [`[really ${really}]`]),
    ...(namesAnother(name, address) ? ["[the name is another address]"] : []),
  ];
}

/** A name that holds the signs of an address must not be taken for one. */
function quotePhrase(name: string): string {
  return /[<>,;:"@()\\[\]]/.test(name) ? `"${name.replace(/["\\]/g, "\\$&")}"` : name;
}
