/** A structured field with parameters, as Content-Type and Content-Disposition are (RFC 2045, RFC 2231), liberally. */
import { type Charsets, nodeCharsets } from "./charsets.ts";
import { decodeWords } from "./decode-words.ts";

export interface Structured {
  /** In lower case: "text/plain", "attachment". */
  readonly value: string;
  /** By lower-case name: decoded, continuations put together. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** @param text lossless text of a field's value */
export function parseStructured(text: string, charsets: Charsets = nodeCharsets): Structured {
  const [value = "", ...rest] = splitAtSemicolons(text);
  const given = new Map<string, string>();
  for (const each of rest) {
    const equals = each.indexOf("=");
    const name = each.slice(0, equals).trim().toLowerCase();
    // The first one counts: what a later one of the same name says is what another program might not see.
    if (equals > 0 && !given.has(name)) given.set(name, unquoteParameter(each.slice(equals + 1).trim()));
  }
  const parameters = new Map<string, string>();
  for (const name of new Set([...given.keys()].map((key) => key.replace(/\*.*$/s, "")))) {
    parameters.set(name, readExtendedParameter(given, name, charsets) ?? decodeWords(given.get(name) ?? "", charsets));
  }
  return { value: value.replace(/\s+/g, "").toLowerCase(), parameters };
}

/** `name*=charset'language'text` and `name*0*=...; name*1=...` (RFC 2231, sections 3 and 4). */
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
  const [, charset, start] = /^([^']*)'[^']*'(.*)$/s.exec(first.text) ?? [];
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

function percentDecoded(text: string): Buffer {
  const bytes = Buffer.from(text, "utf8").toString("latin1");
  return Buffer.from(
    bytes.replace(/%([0-9A-Fa-f]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    "latin1",
  );
}

/** Quoted strings stay whole, comments in parentheses go. */
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

function unquoteParameter(text: string): string {
  const inner = /^"(.*?)"?$/s.exec(text)?.[1];
  return inner === undefined ? text : inner.replace(/\\(["\\])/g, "$1");
}
