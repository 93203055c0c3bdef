/**
 * Checks rules for src/ that the linter lacks. Each rule is also tested with a violation, because a faulty pattern
 * might match nothing.
 */
import { readdirSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { describe, expect, test } from "@jest/globals";

const source = resolve(import.meta.dirname, "../src");
const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((name) =>
  /(?<![.]d)[.]m?ts$/.test(name),
);

interface Source {
  readonly name: string;
  readonly text: string;
}

const sources = files.map((name): Source => ({ name, text: readFileSync(join(source, name), "utf8") }));

/** The launcher calls the `start` function of each program. */
const sharedByPrograms = new Set(["start"]);

/** Verbs that are clear without an object, and names of C and POSIX functions. */
const oneWordNames = new Set(
  "ask choose compose concatenate confirm connect crc32 deliver fail listen main notify pass sleep start strerror unfold warn".split(
    " ",
  ),
);
/** Words that look like participles at the start of a name, but are not. */
const notParticiples = /^(?:feed|need|embed|seed|speed|proceed|exceed|string|finding|heading)/;

/**
 * Finds functions whose name is a single word without a clear meaning, or begins with a participle, such as
 * `heldBytes`.
 */
function findVagueNames(source: Source): string[] {
  const participle =
    /^(?:[a-z]+(?:ed|ing)|chosen|drawn|found|given|gone|heard|held|kept|known|laid|left|made|said|sent|shown|taken|told|written)(?![a-z])/;
  const isVague = (name: string) =>
    /^[a-z\d]+$/.test(name) ? !oneWordNames.has(name) : participle.test(name) && !notParticiples.test(name);
  return findFunctions(source)
    .filter(isVague)
    .map((name) => `${source.name}: ${name}`);
}

function findRepeated(values: readonly string[]): string[] {
  return [...new Set(values.filter((value, at) => values.indexOf(value) < at))];
}

function findUndocumented({ name, text }: Source): string[] {
  const lines = text.split("\n");
  return lines
    .filter(
      (line, at) => /^export (?:abstract |async )*(?:function|class)\b/.test(line) && !lines[at - 1]?.endsWith("*/"),
    )
    .map((line) => `${name}: ${line}`);
}

function findFunctions({ text }: Source): string[] {
  return [...text.matchAll(/^(?:export )?(?:async )?function\*? ?(\w+)/gm)].map(([, name = ""]) => name);
}

/** The reasons for keeping small files (of at most 25 lines) that only one other file imports. */
const reasonsToBeSmall: Readonly<Record<string, string>> = {
  "compose/sending/print-dialogue.ts": "loaded only with -v or --trace",
  "config/find-installed.ts": "which programs are installed, for the variables that name programs",
  "read/commands/setting-commands.ts": "loaded without the complete table of commands",
  "read/folder/fate.ts": "the rules for a message at quit, with a test of their own",
  "read/show/mailcap.ts": "the grammar of a standard",
};

function findSmallFiles(all: readonly Source[]): string[] {
  const importers = ({ name }: Source) =>
    all.filter(({ text }) => new RegExp(`"[.][^"]*/${basename(name)}"`).test(text));
  return all
    .filter((each) => each.text.split("\n").length <= 26 && importers(each).length === 1)
    .map(({ name }) => name);
}

/** Finds code that tests the text of an error's message, whether the message is in a variable or in a property. */
function findMessageTests({ name, text }: Source): string[] {
  const reads =
    /\bmessage\.(?:startsWith|endsWith|includes|match|search)\(|\bmessage (?:===|!==) "|[.](?:test|exec)\((?:\w+\.)*message\)/;
  return text.split("\n").flatMap((line) => (reads.test(line) ? [`${name}: ${line.trim()}`] : []));
}

/** Finds code that prints a user's mistake instead of throwing it. */
function findPrintedMistakes({ name, text }: Source): string[] {
  const prints = /\bterminal[.](?:out|err)\([^;]*\);\s*return (?:false|undefined);/g;
  return [...text.matchAll(prints)].map(([found]) => `${name}: ${found}`);
}

describe("the source files", () => {
  test("all source files are read", () => {
    expect(files.length).toBeGreaterThan(300);
    expect(sources.flatMap(findFunctions).length).toBeGreaterThan(1000);
  });

  test("a small file serves several other files, or there is a reason for keeping it separate", () => {
    expect(findSmallFiles(sources).sort()).toEqual(Object.keys(reasonsToBeSmall).sort());
  });

  test("no two source files have the same name", () => {
    expect(findRepeated(files.map((name) => basename(name)))).toEqual([]);
  });

  test("no two top-level functions have the same name", () => {
    const names = sources.flatMap((each) => [...new Set(findFunctions(each))]);
    expect(findRepeated(names).filter((name) => !sharedByPrograms.has(name))).toEqual([]);
  });

  test("every function is named with a verb phrase", () => {
    expect(sources.flatMap(findVagueNames)).toEqual([]);
  });

  test("every exported function and class has a doc comment", () => {
    expect(sources.flatMap(findUndocumented)).toEqual([]);
  });

  test("a user's mistake is thrown as an error, which is printed only by the loop that read the line", () => {
    const found = sources
      .filter(({ name }) => /^read\/|^compose\/typing\/tilde/.test(name))
      .flatMap(findPrintedMistakes);
    expect(found).toEqual([]);
  });

  test("no decision depends on the text of an error message, except for Node's TLS errors", () => {
    const found = sources.filter(({ name }) => name !== "connect/tls-failure.ts").flatMap(findMessageTests);
    expect(found).toEqual([]);
  });
});

describe("the checks of the source files find violations", () => {
  test.each<[what: string, find: (planted: Source) => string[], text: string]>([
    ["a function without a doc comment", findUndocumented, "\nexport async function* read() {}\n"],
    ["a class without a doc comment", findUndocumented, "\nexport abstract class Way {}\n"],
    ["a name of a single word", findVagueNames, "function held() {}\n"],
    ["a participle as a name", findVagueNames, "export function heldBytes() {}\n"],
    ["a test of a message", findMessageTests, "if (/full/.test(error.message)) retry();\n"],
    ["a comparison of a message", findMessageTests, 'if (message === "No such host") stop();\n'],
    ["a test for an empty message", findMessageTests, 'if (error.message === "") return;\n'],
    ["a mistake that is printed", findPrintedMistakes, 'terminal.out("No such part\\n");\n  return false;\n'],
    ["the start of a message", findMessageTests, 'return error.message.startsWith("Missing ");\n'],
  ])("%s is found", (_what, find, text) => {
    expect(find({ name: "planted.ts", text })).toHaveLength(1);
  });

  test("a small file that serves only one other file is found", () => {
    const planted = [
      { name: "a/small.ts", text: "export const one = 1;\n" },
      { name: "a/large.ts", text: `import { one } from "./small.ts";\n${"one;\n".repeat(30)}` },
    ];
    expect(findSmallFiles(planted)).toEqual(["a/small.ts"]);
  });

  test("a repeated name is found", () => {
    expect(findRepeated(["a", "b", "a", "a"])).toEqual(["a"]);
  });
});
