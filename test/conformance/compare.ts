/** Compares the results of a client with the expectations of a case. */
import { type Case, escapeLine, expectationsOf } from "./case-file.ts";
import { type Played, stripLineEnds } from "./play-case.ts";

/** The maximum number of lines shown per difference. */
const shown = 8;

/** Returns lines that describe each difference, or no lines if the case passes. */
export function compareCase(from: Case, { results, trouble }: Played, asPeer = false): string[] {
  const expected = expectationsOf(from, asPeer);
  const keys = [...new Set([...expected.keys(), ...results.keys()])].toSorted();
  return [...(trouble === undefined ? [] : [trouble]), ...keys.flatMap(compareKey)];

  function compareKey(key: string): string[] {
    const got = results.get(key);
    const expectation = expected.get(key) ?? withoutSection(key);
    switch (expectation?.is) {
      case "ignored":
        return [];
      case undefined:
        return got === null ? [`${key}: was removed`] : [`${key}: not expected`, ...showLines("got   ", got ?? "")];
      case "gone":
        if (got === undefined) return [`${key}: still there, unchanged`];
        return got === null ? [] : [`${key}: still there`, ...showLines("got   ", got)];
      case "pattern":
        if (compilePattern(expectation.wanted).test(toText(got ?? ""))) return [];
        return [
          `${key}: does not match`,
          ...showLines("wanted", expectation.wanted),
          ...showLines("got   ", got ?? ""),
        ];
      case "equal": {
        if (got === null) return [`${key}: was removed`];
        if (got === undefined) return isPartOfOutput(key) ? [] : [`${key}: unchanged or missing`];
        const wanted = key === "transcript" ? stripLineEnds(expectation.wanted) : expectation.wanted;
        return wanted === got ? [] : showDifference(key, wanted, got);
      }
    }
  }
}

/** The output on a terminal is one transcript instead of two streams. */
const isPartOfOutput = (key: string) => ["stdout", "stderr", "transcript"].includes(key);

/** Returns the expectation for a key without a section. */
function withoutSection(key: string) {
  if (key === "stdout" || key === "stderr") return { is: "equal", wanted: "" } as const;
  return key === "exit" || key === "transcript" ? ({ is: "ignored" } as const) : undefined;
}

const toText = (bytes: string) => Buffer.from(bytes, "latin1").toString("utf8");

/**
 * The differences from JavaScript's regular expressions: a line ends only at LF, and \A and
 * \Z match the start and the end of the text.
 */
const patternSyntax: Readonly<Record<string, string>> = {
  "^": "(?<![^\\n])",
  $: "(?![^\\n])",
  ".": "[^\\n]",
  "\\A": "(?<![\\s\\S])",
  "\\Z": "(?![\\s\\S])",
};

function compilePattern(pattern: string): RegExp {
  const source = toText(pattern).replaceAll(/\\.|\[(?:\\.|[^\]])*\]|[$^.]/g, (part) => patternSyntax[part] ?? part);
  return new RegExp(source);
}

function splitLines(text: string): string[] {
  const lines = text.split("\n");
  const last = lines.pop();
  return last === "" ? lines : [...lines, `${last}\\`];
}

/** Returns the lines that differ, without the equal lines before and after them. */
function showDifference(key: string, wanted: string, got: string): string[] {
  const [one, other] = [splitLines(wanted), splitLines(got)];
  const length = Math.min(one.length, other.length);
  let start = 0;
  while (start < length && one[start] === other[start]) start++;
  let end = 0;
  while (end < length - start && one.at(-1 - end) === other.at(-1 - end)) end++;
  return [
    `${key}: differs from line ${start + 1}`,
    ...showSome("wanted", one.slice(start, one.length - end)),
    ...showSome("got   ", other.slice(start, other.length - end)),
  ];
}

function showLines(label: string, text: string): string[] {
  return showSome(label, splitLines(text));
}

function showSome(label: string, lines: readonly string[]): string[] {
  const rest = lines.length - shown;
  return [
    ...(lines.length === 0 ? [`  ${label} (nothing)`] : []),
    ...lines.slice(0, shown).map((line) => `  ${label} | ${escapeLine(line).slice(0, 200)}`),
    ...(rest > 0 ? [`  ${label} ... ${rest} more lines`] : []),
  ];
}
