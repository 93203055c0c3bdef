/** `?` on a terminal: the commands by what one wants to do, and one command at a time with an example. */
import { tildeEscapes } from "../../compose/tilde-escapes.ts";
import { variables } from "../../config/variables.ts";
import { cutToFit } from "../../terminal/display-width.ts";
import type { Styled } from "../../terminal/terminal.ts";
import { commands } from "../commands/command-table.ts";
import { findCommand } from "../interpreter/interpreter.ts";
import { queryTerms } from "../query/term-table.ts";
import type { Command } from "../session/command.ts";

/** Names in the order in which one needs them; those that are not here come last, under "More". */
const tasks: Readonly<Record<string, string>> = {
  "Look and read": "headers z from sort thread unsort next print Print more More top parts open size =",
  "Answer and send": "mail reply Reply followup forward track",
  "Put away": "delete undelete undo dp save Save copy write hold mbox unread",
  "Work on messages": "edit visual pipe",
  Mailboxes: "folder folders inc resume quit exit",
  "The session": "set unset alias unalias alternates ignore retain source cd ! shell echo help list",
};

/** Commands that are another name of one that is shown. */
const otherNames: Readonly<Record<string, string>> = {
  "#": "#",
  "?": "help",
  "|": "pipe",
  chdir: "cd",
  discard: "ignore",
  Copy: "copy",
  dt: "dp",
  file: "folder",
  fwd: "forward",
  Followup: "followup",
  group: "alias",
  new: "unread",
  New: "unread",
  page: "more",
  Page: "More",
  preserve: "hold",
  respond: "reply",
  Respond: "Reply",
  savediscard: "saveignore",
  touch: "mbox",
  type: "print",
  Type: "Print",
  Unread: "unread",
  xit: "exit",
};

/** @returns what to show; for a topic that is none, that and where to look */
export function helpOn(topic: string, columns: number): readonly Styled[] {
  if (topic === "") return overview(columns);
  if (topic === "msglist" || topic === "query") return messageLists();
  if (topic.startsWith("~")) return escapes(topic);
  const found = findCommand(topic);
  const variable = Object.entries(variables).find(([name]) => name === topic);
  const exact = found?.name === topic;
  if (variable !== undefined && !exact) return oneVariable(...variable);
  if (found !== undefined) return [...oneCommand(found), ...(variable === undefined ? [] : oneVariable(...variable))];
  return [{ text: `No command, variable or escape is called "${topic}"; ? names the commands.\n`, style: "plain" }];
}

function overview(columns: number): readonly Styled[] {
  const placed = new Map(Object.entries(tasks).map(([task, names]) => [task, rowsOf(names.split(" "))]));
  const shown = new Set([...placed.values()].flat());
  const others = commands.filter((command) => !shown.has(command) && otherNames[command.name] === undefined);
  const text: Styled[] = [];
  for (const [task, rows] of placed) {
    text.push({ text: `${task}\n`, style: "title" });
    for (const row of rows) text.push(...overviewRow(row, columns));
  }
  text.push({ text: "More\n", style: "title" }, { text: `${wrapped(others, columns)}\n`, style: "plain" });
  const hint = "help NAME tells more: of a command,\na variable, an escape (~r), or msglist.\n";
  return [...text, { text: hint, style: "hint" }];
}

function rowsOf(names: readonly string[]): Command[] {
  return names.flatMap((name) => commands.find((command) => command.name === name) ?? []);
}

const synopsisWidth = 26;

function overviewRow(row: Command, columns: number): Styled[] {
  const call = `  ${row.name}${row.synopsis === "" ? "" : ` ${row.synopsis}`}`;
  const summary = ownSummary(row).replace(/\.$/, "");
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

/** Of a command that is said to be the same as another one, that one's. */
function ownSummary({ summary }: Command): string {
  const other = /^The same as (\S+)\.$/.exec(summary)?.[1];
  return commands.find(({ name }) => name === other)?.summary ?? summary;
}

function wrapped(rows: readonly Command[], columns: number): string {
  const lines: string[] = [];
  for (const { name } of rows) {
    const line = lines.at(-1);
    if (line === undefined || line.length + name.length + 2 > columns) lines.push(`  ${name}`);
    else lines[lines.length - 1] = `${line} ${name}`;
  }
  return lines.join("\n");
}

function oneCommand({ name, synopsis, summary, example, inFull }: Command): readonly Styled[] {
  const short = shortest(name);
  const same = commands.filter((other) => other.name !== name && sameAs(other.name) === sameAs(name));
  const text = [
    `  ${summary}\n`,
    inFull || short === name ? "" : `  In short: ${short}\n`,
    same.length === 0 ? "" : `  Also: ${same.map((other) => other.name).join(", ")}\n`,
    /msglist/.test(synopsis) ? "  For messages see help msglist.\n" : "",
  ];
  return [
    { text: `${name}${synopsis === "" ? "" : ` ${synopsis}`}\n`, style: "title" },
    { text: text.join(""), style: "plain" },
    { text: "  Example: ", style: "hint" },
    { text: `${example}\n`, style: "field-name" },
  ];
}

function sameAs(name: string): string {
  return otherNames[name] ?? name;
}

/** The fewest letters that mean the command. */
function shortest(name: string): string {
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

function escapes(topic: string): readonly Styled[] {
  const wanted = topic.slice(1, 2);
  const rows = tildeEscapes.filter(({ characters }) => wanted === "" || characters.includes(wanted));
  if (rows.length === 0) return [{ text: `There is no escape ${topic}; help ~ names them.\n`, style: "plain" }];
  return rows.flatMap(({ characters, argument, meaning }): Styled[] => [
    { text: `~${characters.charAt(0)}${argument}\n`, style: "title" },
    { text: `  ${meaning ?? "Not listed."}\n`, style: "plain" },
  ]);
}

const lists: readonly (readonly [string, string])[] = [
  ["3", "message 3"],
  ["2-5", "2 to 5"],
  [". ^ $ *", "the current, the first, the last one, all"],
  ["+ -", "the next one, the one before"],
  [":n :u :o :r :d", "new, unread, old, read, deleted"],
  ["/text", "with text in the subject"],
  ["ann", "from somebody called so"],
];

function messageLists(): readonly Styled[] {
  const terms = Object.values(queryTerms).map(({ example, meaning }) => [example, meaning] as const);
  const row = ([example, meaning]: readonly [string, string]): Styled[] => [
    { text: `  ${example.padEnd(20)} `, style: "field-name" },
    { text: `${meaning}\n`, style: "plain" },
  ];
  return [
    { text: "Messages are named by\n", style: "title" },
    ...lists.flatMap(row),
    { text: "and found by\n", style: "title" },
    ...terms.flatMap(row),
  ];
}
