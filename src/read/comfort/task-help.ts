/** Help on a terminal: an overview of the commands by task, and help on one command, variable or escape. */

import { tildeEscapes } from "../../compose/typing/tilde-escapes.ts";
import { variables } from "../../config/variables.ts";
import { pushAll } from "../../message/lists.ts";
import type { Style, Styled } from "../../terminal/terminal.ts";
import { wrapWords } from "../../terminal/wrap-words.ts";
import { commands, declaredCommands, findCommand } from "../commands/command-table.ts";
import { queryTerms } from "../query/term-table.ts";
import { type Command, tasks } from "../session/command.ts";

/**
 * Frequent questions, each with its help topics, a command and the command's effect. The manual and docs/recipes.md
 * answer the same questions.
 */
export const questions: readonly {
  readonly topics: readonly string[];
  readonly command: string;
  readonly effect: string;
}[] = [
  {
    topics: ["names"],
    command: "set showname",
    effect: "Show names instead of addresses in header lists. In ~/.mailrc, this applies to all sessions.",
  },
  {
    topics: ["seen"],
    command: "seen *",
    effect: "Mark all messages as read. If hold is set, quit keeps them in the mailbox.",
  },
  {
    topics: ["attachments"],
    command: "save -p all 3 directory",
    effect: "Save all attachments of message 3 in a directory. Existing files are not overwritten.",
  },
  {
    topics: ["paper", "print"],
    command: "pipe 3 lpr",
    effect: "Print message 3 on paper, as it is stored. To print it decoded, set PAGER=lpr and use more 3.",
  },
  { topics: ["quit"], command: "exit", effect: "Quit without changing the mailbox. The abbreviation is x." },
];

/** The help topics for frequently asked questions, for completion. */
export const questionTopics: readonly string[] = questions.flatMap(({ topics }) => topics);

/** Returns help on a topic, wrapped at the given number of columns. If the topic is unknown, the text refers to `?`. */
export function helpOn(topic: string, columns: number): readonly Styled[] {
  if (topic === "") return formatOverview(columns);
  if (topic === "msglist" || topic === "query") return formatMessageListHelp(columns);
  if (topic.startsWith("~")) return formatEscapeHelp(topic, columns);
  const found = findCommand(topic);
  const variable = Object.entries(variables).find(([name]) => name === topic);
  const exact = found?.name === topic;
  const answers = questions
    .filter(({ topics }) => topics.includes(topic))
    .flatMap(({ command, effect }) => formatRow(command, effect, columns));
  if (variable !== undefined && !exact) return formatVariableHelp(...variable, columns);
  if (found !== undefined) {
    const alsoVariable = variable === undefined ? [] : formatVariableHelp(...variable, columns);
    return [...formatCommandHelp(found, columns), ...alsoVariable, ...answers];
  }
  if (answers.length > 0) return answers;
  return [wrapStyled(`No command, variable or escape is called "${topic}"; ? lists the commands.`, columns)];
}

function wrapStyled(text: string, columns: number, { style = "plain", indent = "" }: Partial<Look> = {}): Styled {
  return { text: `${wrapWords(text, columns, indent)}\n`, style };
}

interface Look {
  readonly style: Style;
  /** The text at the beginning of each line. */
  readonly indent: string;
}

function formatOverview(columns: number): readonly Styled[] {
  const text: Styled[] = [];
  for (const [task, heading] of Object.entries(tasks)) {
    const rows = declaredCommands.filter((row) => row.task === task);
    text.push({ text: `${heading}\n`, style: "title" });
    if (task === "more") text.push(wrapStyled(rows.map(({ name }) => name).join(" "), columns, { indent: "  " }));
    else for (const row of rows) pushAll(text, formatOverviewRow(row, columns));
  }
  text.push({ text: "Frequent questions\n", style: "title" });
  for (const { command, effect } of questions) pushAll(text, formatRow(command, effect.replace(/\.$/, ""), columns));
  const hint = "help NAME describes a command, a variable, an escape (~r), or msglist.";
  return [...text, wrapStyled(hint, columns, { style: "hint" })];
}

/** The minimum terminal width at which an overview has two columns, and the width of its first column. */
const twoColumns = { from: 60, first: 26 };

function formatOverviewRow(row: Command, columns: number): readonly Styled[] {
  const summary = row.summary.replace(/\.$/, "");
  return formatRow(`${row.name}${row.synopsis === "" ? "" : ` ${row.synopsis}`}`, summary, columns);
}

/** Returns a term and its meaning: side by side if there is room, otherwise with the meaning below the term. */
function formatRow(term: string, meaning: string, columns: number): readonly Styled[] {
  const indent = " ".repeat(columns < twoColumns.from ? 4 : twoColumns.first);
  const meanings = wrapWords(meaning, columns, indent);
  const start = `  ${term}`;
  if (columns < twoColumns.from || start.length + 1 > twoColumns.first)
    return [
      wrapStyled(term, columns, { style: "field-name", indent: "  " }),
      { text: `${meanings}\n`, style: "plain" },
    ];
  return [
    { text: start.padEnd(twoColumns.first), style: "field-name" },
    { text: `${meanings.slice(twoColumns.first)}\n`, style: "plain" },
  ];
}

function formatCommandHelp(
  { name, synonymOf, synopsis, summary, example, inFull }: Command,
  columns: number,
): readonly Styled[] {
  const short = abbreviateCommand(name);
  const command = synonymOf ?? name;
  const others = commands.filter((row) => row.name !== name && (row.synonymOf ?? row.name) === command);
  const facts = [
    summary,
    inFull || short === name ? "" : `Abbreviation: ${short}`,
    others.length === 0 ? "" : `Synonyms: ${others.map((other) => other.name).join(", ")}`,
    /msglist/.test(synopsis) ? "See also: help msglist" : "",
  ];
  return [
    wrapStyled(`${name}${synopsis === "" ? "" : ` ${synopsis}`}`, columns, { style: "title" }),
    ...facts.filter((fact) => fact !== "").map((fact) => wrapStyled(fact, columns, { indent: "  " })),
    ...formatExample(example),
  ];
}

/** Returns the example on a separate line, which is never wrapped, so that the example can be copied. */
function formatExample(example: string): readonly Styled[] {
  return [
    { text: "  Example: ", style: "hint" },
    { text: `${example}\n`, style: "field-name" },
  ];
}

/** Returns the shortest abbreviation of a command. */
function abbreviateCommand(name: string): string {
  for (let length = 1; length < name.length; length++) {
    const word = name.slice(0, length);
    if (findCommand(word)?.name === name) return word;
  }
  return name;
}

function formatVariableHelp(
  name: string,
  { meaning, value }: { meaning: string; value: string },
  columns: number,
): readonly Styled[] {
  return [
    { text: `${name}${value === "" ? "" : `=${value}`}\n`, style: "title" },
    wrapStyled(meaning, columns, { indent: "  " }),
    ...formatExample(`set ${name}${value === "" ? "" : "=..."}`),
  ];
}

function formatEscapeHelp(topic: string, columns: number): readonly Styled[] {
  const wanted = topic.slice(1, 2);
  const rows = tildeEscapes.filter(({ characters }) => wanted === "" || characters.includes(wanted));
  if (rows.length === 0) return [wrapStyled(`There is no escape ${topic}; help ~ lists the escapes.`, columns)];
  return rows.flatMap(({ characters, argument, meaning }): Styled[] => [
    { text: `~${characters.charAt(0)}${argument}\n`, style: "title" },
    wrapStyled(meaning ?? "Not listed.", columns, { indent: "  " }),
  ]);
}

const lists: readonly (readonly [string, string])[] = [
  ["3", "message 3"],
  ["2-5", "2 to 5"],
  [". ^ $ *", "the current, first or last message, or all"],
  ["+ -", "the next or the previous message"],
  [":n :u :o :r :d", "new, unread, old, read, deleted"],
  ["/text", "with text in the subject"],
  ["ann", "from a sender called ann"],
];

function formatMessageListHelp(columns: number): readonly Styled[] {
  const terms = Object.values(queryTerms).map(({ example, meaning }) => [example, meaning] as const);
  const formatTerm = ([example, meaning]: readonly [string, string]) => formatRow(example, meaning, columns);
  return [
    { text: "Name messages by\n", style: "title" },
    ...lists.flatMap(formatTerm),
    { text: "Find messages by\n", style: "title" },
    ...terms.flatMap(formatTerm),
  ];
}
