/**
 * A conformance case: the input of one session or submission, and bsd-mailx's behaviour. README.md describes the
 * format. In this folder, a string contains bytes, one per character (latin1).
 */
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";

interface Section {
  readonly kind: string;
  readonly words: readonly string[];
  readonly lines: readonly string[];
}

/** The expectation for one result, whose key is for example `stdout` or `file mbox`. */
export type Expectation =
  | { readonly is: "equal"; readonly wanted: string }
  | { readonly is: "pattern"; readonly wanted: string }
  | { readonly is: "gone" }
  | { readonly is: "ignored" };

export interface Case {
  readonly name: string;
  /** The `key: value` lines at the beginning of the file. */
  readonly head: ReadonlyMap<string, string>;
  readonly sections: readonly Section[];
}

const fixtures = join(import.meta.dirname, "fixtures");
const escapes: Readonly<Record<string, string>> = { t: "\t", r: "\r", n: "\n", e: "\x1b", "\\": "\\" };

/** Reads a file in cases/. @throws Error for a section without a name */
export function readCase(path: string): Case {
  return parseCase(basename(path, ".case"), readFileSync(path, "latin1"));
}

export function parseCase(name: string, text: string): Case {
  const head = new Map<string, string>();
  const sections: { kind: string; words: string[]; lines: string[] }[] = [];
  for (const line of text.replace(/\n$/, "").split("\n")) {
    const section = sections.at(-1);
    if (line.startsWith("=== ")) {
      const [kind, ...words] = line.slice(4).split(/ +/);
      if (kind === undefined || kind === "") throw new Error(`${name}: a section without a name`);
      sections.push({ kind, words, lines: [] });
    } else if (section !== undefined) section.lines.push(line);
    else if (line !== "") head.set(line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim());
  }
  // An empty line before the next section is only for readability.
  for (const { lines } of sections) if (lines.at(-1) === "") lines.pop();
  return { name, head, sections };
}

/** Returns the words and lines of each section of the given kind, in order. */
export function sectionsOf({ sections }: Case, kind: string): readonly Section[] {
  return sections.filter((section) => section.kind === kind);
}

/** Returns the lines of the only section of the given kind; undefined if there is no such section. */
export function linesOf(from: Case, kind: string): readonly string[] | undefined {
  return sectionsOf(from, kind)[0]?.lines;
}

/** Returns whether a comma-separated field of the head, such as `compare`, contains a word. */
export function hasWord({ head }: Case, field: string, word: string): boolean {
  return (head.get(field) ?? "").split(/[ ,]+/).includes(word);
}

/**
 * Converts lines to bytes, where `\xHH \t \r \n \e \\` are escapes, and a `\` at the end joins a line to the
 * next one.
 */
export function unescapeLines(lines: readonly string[]): string {
  return lines.map((line) => unescapeText(`${line}\n`)).join("");
}

function unescapeText(text: string): string {
  return text.replaceAll(/\\(x[0-9a-fA-F]{2}|[\s\S])/g, (written, code: string) => {
    if (code === "\n") return "";
    if (code.length === 3) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    const meant = escapes[code];
    if (meant === undefined) throw new Error(`invalid escape: ${written}`);
    return meant;
  });
}

/** Returns the value of a line, without a newline. */
export function unescapeLine(line: string): string {
  return unescapeLines([line]).slice(0, -1);
}

/** Returns bytes in the notation of a case file. */
export function escapeLine(text: string): string {
  return Buffer.from(text, "latin1")
    .toString("utf8")
    .replaceAll(/\\/g, "\\\\")
    .replaceAll(/[\0-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff]| $/g, (c) =>
      [...Buffer.from(c)].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join(""),
    );
}

/**
 * Converts the lines of a file or of standard input to bytes; the lines may include `@fixture NAME` and `@repeat N
 * TEXT`.
 */
export function expandFile(lines: readonly string[]): string {
  return lines
    .map((line) => {
      const [verb, word = "", ...rest] = line.split(" ");
      if (verb === "@fixture") return readFixture(word).toString("latin1");
      if (verb === "@repeat") return unescapeLine(rest.join(" ")).repeat(Number(word));
      return unescapeLines([line]);
    })
    .join("");
}

export function readFixture(name: string): Buffer {
  return readFileSync(join(fixtures, name));
}

/**
 * Returns the expectations, keyed by the name of the result. A `right` section replaces the `expect` section of the
 * same key.
 * @param asPeer whether to expect bsd-mailx's behaviour, even if it is wrong
 */
export function expectationsOf(from: Case, asPeer: boolean): ReadonlyMap<string, Expectation> {
  const expected = new Map<string, Expectation>();
  const sections = [...sectionsOf(from, "expect"), ...(asPeer ? [] : sectionsOf(from, "right"))];
  for (const { words, lines } of sections) {
    const [kind = "", name = ""] = words;
    const mode = words.length > 1 ? words.at(-1) : "";
    const key = words.filter((word) => word !== "~" && word !== "ignore").join(" ");
    if (kind === "gone") expected.set(`file ${name}`, { is: "gone" });
    else if (kind === "unchanged") expected.delete(`file ${name}`);
    else if (kind === "no-message") {
      for (const each of [...expected.keys()]) if (each.startsWith("message ")) expected.delete(each);
    } else if (mode === "ignore") expected.set(key, { is: "ignored" });
    else if (mode === "~") expected.set(key, { is: "pattern", wanted: lines.join("\n") });
    else expected.set(key, { is: "equal", wanted: unescapeLines(lines) });
  }
  return expected;
}
