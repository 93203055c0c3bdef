/** Help on a terminal: an overview of the commands by task, and help on one command, variable or escape. */

import { tildeEscapes } from "../../compose/typing/tilde-escapes.ts";
import { variables } from "../../config/variables.ts";
import { pushAll } from "../../message/lists.ts";
import { cutToFit } from "../../terminal/display-width.ts";
import type { Styled } from "../../terminal/terminal.ts";
import { commands, declaredCommands } from "../commands/command-table.ts";
import { findCommand } from "../interpreter/interpreter.ts";
import { queryTerms } from "../query/term-table.ts";
import { type Command, tasks } from "../session/command.ts";

/** Returns help on a topic. For an unknown topic, returns an error that refers to `?`. */
export function helpOn(topic: string, columns: number): readonly Styled[] {
  if (topic === "") return formatOverview(columns);
  if (topic === "msglist" || topic === "query") return messageLists();
  if (topic.startsWith("~")) return formatEscapeHelp(topic);
  const found = findCommand(topic);
  const variable = Object.entries(variables).find(([name]) => name === topic);
  const exact = found?.name === topic;
  if (variable !== undefined && !exact) return oneVariable(...variable);
  if (found !== undefined) return [...oneCommand(found), ...(variable === undefined ? [] : oneVariable(...variable))];
  return [{ text: `No command, variable or escape is called "${topic}"; ? lists the commands.\n`, style: "plain" }];
}

function formatOverview(columns: number): readonly Styled[] {
  const text: Styled[] = [];
  for (const [task, heading] of Object.entries(tasks)) {
    const rows = declaredCommands.filter((row) => row.task === task);
    text.push({ text: `${heading}\n`, style: "title" });
    if (task === "more") text.push({ text: `${wrapCommands(rows, columns)}\n`, style: "plain" });
    else for (const row of rows) pushAll(text, overviewRow(row, columns));
  }
  const hint = "help NAME describes a command,\na variable, an escape (~r), or msglist.\n";
  return [...text, { text: hint, style: "hint" }];
}

const synopsisWidth = 26;

function overviewRow(row: Command, columns: number): Styled[] {
  const call = `  ${row.name}${row.synopsis === "" ? "" : ` ${row.synopsis}`}`;
  const summary = row.summary.replace(/\.$/, "");
  if (columns < 60) {
    return [
      { text: `${cutToFit(call, columns)}\n`, style: "field-name" },
      { text: `${cutToFit(`    ${summary}`, columns)}\n`, style: "plain" },
    ];
  }
  const padded = cutToFit(call, synopsisWidth - 1).padEnd(synopsisWidth);
  return [
    { text: padded, style: "field-name" },
    { text: `${cutToFit(summary, columns - padded.length)}\n`, style: "plain" },
  ];
}

function wrapCommands(rows: readonly Command[], columns: number): string {
  const lines: string[] = [];
  for (const { name } of rows) {
    const line = lines.at(-1);
    if (line === undefined || line.length + name.length + 2 > columns) lines.push(`  ${name}`);
    else lines[lines.length - 1] = `${line} ${name}`;
  }
  return lines.join("\n");
}

function oneCommand({ name, synonymOf, synopsis, summary, example, inFull }: Command): readonly Styled[] {
  const short = abbreviateCommand(name);
  const command = synonymOf ?? name;
  const others = commands.filter((row) => row.name !== name && (row.synonymOf ?? row.name) === command);
  const text = [
    `  ${summary}\n`,
    inFull || short === name ? "" : `  Abbreviation: ${short}\n`,
    others.length === 0 ? "" : `  Synonyms: ${others.map((other) => other.name).join(", ")}\n`,
    /msglist/.test(synopsis) ? "  See also: help msglist\n" : "",
  ];
  return [
    { text: `${name}${synopsis === "" ? "" : ` ${synopsis}`}\n`, style: "title" },
    { text: text.join(""), style: "plain" },
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

function oneVariable(name: string, { meaning, value }: { meaning: string; value: string }): readonly Styled[] {
  return [
    { text: `${name}${value === "" ? "" : `=${value}`}\n`, style: "title" },
    { text: `  ${meaning}\n`, style: "plain" },
    { text: "  Example: ", style: "hint" },
    { text: `set ${name}${value === "" ? "" : "=..."}\n`, style: "field-name" },
  ];
}

function formatEscapeHelp(topic: string): readonly Styled[] {
  const wanted = topic.slice(1, 2);
  const rows = tildeEscapes.filter(({ characters }) => wanted === "" || characters.includes(wanted));
  if (rows.length === 0) return [{ text: `There is no escape ${topic}; help ~ lists them.\n`, style: "plain" }];
  return rows.flatMap(({ characters, argument, meaning }): Styled[] => [
    { text: `~${characters.charAt(0)}${argument}\n`, style: "title" },
    { text: `  ${meaning ?? "Not listed."}\n`, style: "plain" },
  ]);
}

const lists: readonly (readonly [string, string])[] = [
  ["3", "message 3"],
  ["2-5", "2 to 5"],
  [". ^ $ *", "the current, the first, the last message, all"],
  ["+ -", "the next, the previous message"],
  [":n :u :o :r :d", "new, unread, old, read, deleted"],
  ["/text", "with text in the subject"],
  ["ann", "from a sender called ann"],
];

function messageLists(): readonly Styled[] {
  const terms = Object.values(queryTerms).map(({ example, meaning }) => [example, meaning] as const);
  const row = ([example, meaning]: readonly [string, string]): Styled[] => [
    { text: `  ${example.padEnd(20)} `, style: "field-name" },
    { text: `${meaning}\n`, style: "plain" },
  ];
  return [
    { text: "Name messages by\n", style: "title" },
    ...lists.flatMap(row),
    { text: "Find messages by\n", style: "title" },
    ...terms.flatMap(row),
  ];
}
