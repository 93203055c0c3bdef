/**
 * Parses structured fields with parameters, such as Content-Type and Content-Disposition (RFC 2045, RFC 2231). The
 * parser is lenient.
 */
import { type Charsets, nodeCharsets } from "./charsets.ts";
import { decodeWords } from "./decode-words.ts";
import type { Header } from "./header.ts";

export interface Structured {
  /** The value in lower case: "text/plain", "attachment". */
  readonly value: string;
  /** Decoded values, keyed by lower-case name, with continuations joined. */
  readonly parameters: ReadonlyMap<string, string>;
}

/**
 * Returns the value and parameters of a field.
 *
 * @param text the field's value as lossless text
 */
export function parseStructured(text: string, charsets: Charsets = nodeCharsets): Structured {
  const [first = "", ...rest] = splitAtSemicolons(text);
  const value = leadingValue.exec(first)?.[0] ?? "";
  const given = new Map<string, string>();
  for (const each of [first.slice(value.length), ...rest]) {
    for (const { 1: name = "", 2: quoted, 3: plain = "" } of each.matchAll(parameter)) {
      const key = name.toLowerCase();
      // If a parameter is repeated, only the first value is used, because programs disagree about duplicates.
      if (!given.has(key)) given.set(key, quoted?.replace(/\\(["\\])/g, "$1") ?? plain.trim());
    }
  }
  const parameters = new Map<string, string>();
  for (const name of new Set([...given.keys()].map((key) => key.replace(/\*.*$/s, "")))) {
    parameters.set(name, readExtendedParameter(given, name, charsets) ?? decodeWords(given.get(name) ?? "", charsets));
  }
  return { value: value.replace(/\s+/g, "").toLowerCase(), parameters };
}

/** The value before the parameters: a media type, or a word such as `attachment`. */
const leadingValue = /^\s*(?:[^\s/;,]+\s*\/\s*)?[^\s;,]*/;
/**
 * A parameter. An unquoted value may contain spaces. Text after a quoted value is ignored, and another parameter may
 * follow without a semicolon.
 */
const parameter = /(?<![^\s=",])([^\s=",]+)\s*=\s*(?:"((?:\\.|[^"\\])*)(?:"|\\?$)|((?:(?!(?<!\s)\s+[\w*-]+=).)*))/gs;

/** Returns the charset in a message's Content-Type field, or an empty string. */
export function findDeclaredCharset(header: Header): string {
  return parseStructured(header.get("content-type") ?? "").parameters.get("charset") ?? "";
}

/** Returns the value of `name*=charset'language'text` or `name*0*=...; name*1=...` (RFC 2231, sections 3 and 4). */
function readExtendedParameter(
  given: ReadonlyMap<string, string>,
  name: string,
  charsets: Charsets,
): string | undefined {
  const whole = given.get(`${name}*`);
  const sections: { text: string; encoded: boolean }[] = [];
  if (whole !== undefined) sections.push({ text: whole, encoded: true });
  for (let at = 0; whole === undefined; at++) {
    const plain = given.get(`${name}*${at}`);
    const encoded = given.get(`${name}*${at}*`);
    const text = encoded ?? plain;
    if (text === undefined) break;
    sections.push({ text, encoded: encoded !== undefined });
  }
  const first = sections[0];
  if (first === undefined) return undefined;
  const [, charset, start] = /^([^']*)'[^']*'(.*)$/s.exec(first.text) ?? withoutLanguage(first.text, charsets);
  if (!first.encoded || charset === undefined || start === undefined) {
    const joined = sections
      .map(({ text, encoded }) => (encoded ? percentDecoded(text).toString("utf8") : text))
      .join("");
    return decodeWords(joined, charsets);
  }
  const bytes = sections.map(({ text, encoded }, at) => {
    const own = at === 0 ? start : text;
    return encoded ? percentDecoded(own) : Buffer.from(own, "utf8");
  });
  return (charsets(charset) ?? nodeCharsets("utf-8") ?? String)(Buffer.concat(bytes));
}

/** Returns the match for an extended value that lacks the second quotation mark, as some programs write it. */
function withoutLanguage(text: string, charsets: Charsets): readonly string[] {
  const found = /^([^']+)'([^']*)$/s.exec(text);
  return found?.[1] !== undefined && charsets(found[1]) !== undefined ? found : [];
}

function percentDecoded(text: string): Buffer {
  const bytes = Buffer.from(text, "utf8").toString("latin1");
  return Buffer.from(
    bytes.replace(/%([0-9A-Fa-f]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    "latin1",
  );
}

/** Splits a value at its semicolons, except those in quoted strings. Removes comments. */
function splitAtSemicolons(text: string): string[] {
  const pieces: string[] = [];
  let piece = "";
  for (let at = 0; at < text.length; at++) {
    const here = text.charAt(at);
    if (here === '"') {
      const start = at;
      for (at++; at < text.length && text[at] !== '"'; at++) if (text[at] === "\\") at++;
      piece += text.slice(start, at + 1);
    } else if (here === "(") {
      for (let depth = 1; depth > 0 && ++at < text.length; ) {
        if (text[at] === "\\") at++;
        else if (text[at] === "(") depth++;
        else if (text[at] === ")") depth--;
      }
    } else if (here === ";") {
      pieces.push(piece);
      piece = "";
    } else piece += here;
  }
  return [...pieces, piece];
}
