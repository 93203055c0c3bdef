/** What a line that begins with the escape character does. ~? and the manual read this table. */

import { deadLetterPath } from "../../config/paths.ts";
import { pushAll } from "../../message/lists.ts";
import { toBytes } from "../../message/text.ts";
import { shownHeader } from "../build/header-fields.ts";
import { typedItems } from "../draft/recipients.ts";
import { endingText, runEditor, runShell, withLastCommand } from "./child.ts";
import { addedEscapes, isOfUse } from "./tilde-added.ts";
import { type Composing, type Ended, row, type TildeEscape } from "./tilde-escape.ts";
import { read, readInto, write } from "./tilde-files.ts";

export const tildeEscapes: readonly TildeEscape[] = [
  row(
    "b",
    " name ...",
    'Add names to "blind" Cc: list.',
    ({ draft }, names) => void pushAll(draft.bcc, typedItems(names)),
  ),
  row("c", " name ...", "Add names to Cc: field.", ({ draft }, names) => void pushAll(draft.cc, typedItems(names))),
  row("d", "", "Read dead.letter into message.", (composing) => readInto(composing, deadLetterPath(composing.config))),
  row("e", "", "Invoke text editor on partial message.", (composing) => edit(composing, "EDITOR"), true),
  row(
    "F",
    " messages",
    "Same as ~f, but includes all headers.",
    (composing, list) => quote(composing, list, { all: true }),
    true,
  ),
  row("f", " messages", "Read in messages.", (composing, list) => quote(composing, list, {}), true),
  row("h", "", "Edit the header fields.", editHeader, true),
  row(
    "M",
    " messages",
    "Same as ~m, but includes all headers.",
    (composing, list) => quote(composing, list, { all: true, shifted: true }),
    true,
  ),
  row(
    "m",
    " messages",
    "Read in messages, right shifted by a tab.",
    (composing, list) => quote(composing, list, { shifted: true }),
    true,
  ),
  row("p", "", "Print (show) the message buffer.", show, true),
  row("q", "", "Abort message; optionally save copy to ~/dead.letter.", ({ terminal }) => {
    terminal.err("Interrupt\n");
    return "cancelled";
  }),
  row("r<", " file", "Read a file into the message buffer.", read),
  row("s", " string", "Set Subject: field to string.", setSubject),
  row("t", " name ...", "Add names to To: field.", ({ draft }, names) => void pushAll(draft.to, typedItems(names))),
  row("v", "", "Invoke display editor on message.", (composing) => edit(composing, "VISUAL"), true),
  row("w", " filename", "Write message to file.", write),
  row("x", "", "Abort message; no copy is saved.", () => "dropped"),
  row("?", "", "Print a brief summary of tilde escapes.", ({ terminal }) =>
    terminal.out(tildeHelp(terminal.inputIsTerminal)),
  ),
  row("!", "command", "Execute shell command.", async ({ config, terminal }, line) => {
    const { code } = await runShell(config, terminal, withLastCommand(config, terminal, line));
    terminal.out(`${endingText(code)}!\n`);
  }),
  row(
    "|",
    "command",
    "Pipe message through command.",
    (composing, _argument, written) => filter(composing, written.slice(1)),
    true,
  ),
  row(
    ":_",
    "command",
    "Execute a Mail command.",
    async ({ execute }, line) => ((await execute?.(line)) === true ? "dropped" : undefined),
    true,
  ),
  row("~", "string", "Quote a single tilde.", ({ draft }, _argument, written) =>
    draft.body.append(toBytes(`${written}\n`)),
  ),
  row(".", "", "Simulate end of file on input.", () => "sent"),
  row("R", " name", undefined, setReplyTo),
  ...addedEscapes,
];

/** @param line the line behind its escape character */
export async function runTildeEscape(composing: Composing, line: string, mark: string): Promise<Ended> {
  const first = line.charAt(0);
  const found = tildeEscapes.find(({ characters }) => first !== "" && characters.includes(first));
  if (found === undefined && first === mark) {
    composing.draft.body.append(toBytes(`${line}\n`));
    return undefined;
  }
  if (
    found === undefined ||
    (found.added === true && !composing.terminal.inputIsTerminal && !isOfUse(composing, line))
  ) {
    composing.terminal.out("Unknown tilde escape.\n");
    return undefined;
  }
  const ended = await found.run(composing, line.slice(1).replace(/^[ \t]+/, ""), line);
  const goesOn = found.continues === true && (ended ?? undefined) === undefined;
  if (goesOn && composing.terminal.inputIsTerminal) composing.terminal.out("(continue)\n");
  return ended ?? undefined;
}

function tildeHelp(all: boolean): string {
  const rule = `${"-".repeat(78)}\n`;
  const lines = tildeEscapes.flatMap(({ characters, argument, meaning, added }) => {
    if (meaning === undefined || (added === true && !all)) return [];
    const usage = [...characters].map((character) => `~${character}${argument}`).join(" | ");
    return [`${usage}${"\t".repeat(Math.max(1, Math.ceil((24 - usage.length) / 8)))}${meaning}\n`];
  });
  return `${rule}The following ~ escapes are defined:\n${lines.join("")}${rule}`;
}

function setSubject({ draft }: Composing, subject: string): void {
  draft.subject = subject;
}

function setReplyTo({ draft }: Composing, name: string): void {
  draft.replyTo = name === "" ? undefined : name;
}

function show({ config, terminal, draft }: Composing): void {
  terminal.out(`-------\nMessage contains:\n${shownHeader(draft, config.settings.text("from"))}`);
  terminal.out(draft.body.bytes());
}

async function edit({ config, terminal, draft }: Composing, which: "EDITOR" | "VISUAL"): Promise<void> {
  const text = await runEditor(terminal, config.settings.get(which), draft.body.bytes());
  draft.body.clear();
  draft.body.append(text);
}

async function filter({ config, terminal, draft }: Composing, line: string): Promise<void> {
  if (line === "") {
    terminal.err('No bytes from "" !?\n');
    return;
  }
  const { code, output } = await runShell(config, terminal, line, draft.body.bytes());
  if (code !== 0) terminal.out(endingText(code));
  else if (output.length === 0) terminal.err(`No bytes from "${line}" !?\n`);
  else {
    draft.body.clear();
    draft.body.append(output);
  }
}

/** An interrupt ends it: what was answered before counts. */
async function editHeader({ terminal, draft }: Composing): Promise<void> {
  if (!terminal.inputIsTerminal) return;
  for (const field of ["to", "subject", "cc", "bcc"] as const) {
    const name = `${field.charAt(0).toUpperCase()}${field.slice(1)}: `;
    const value = field === "subject" ? (draft.subject ?? "") : draft[field].join(" ");
    const answer = await terminal.editLine(name, value, field === "subject" ? "subject" : "people");
    if (answer.kind === "interrupt") {
      if (terminal.rich) terminal.out("\n");
      return;
    }
    if (answer.kind !== "line") continue;
    if (field === "subject") draft.subject = answer.text;
    else draft[field] = typedItems(answer.text);
  }
}

async function quote(
  { terminal, draft, quoting, config }: Composing,
  list: string,
  form: { all?: boolean; shifted?: boolean },
): Promise<void> {
  if (quoting === undefined) return terminal.out("No appropriate messages\n");
  const messages = await quoting.select(list);
  if (messages.length === 0) return;
  terminal.out(`Interpolating: ${messages.join(" ")}\n`);
  const prefix = config.settings.get("indentprefix") ?? "\t";
  for (const message of messages) {
    const text = await quoting.text(message, form.all === true);
    draft.body.append(form.shifted === true ? shifted(text, prefix) : text);
  }
}

/** On an empty line the prefix loses the blanks at its end. */
function shifted(text: Buffer, prefix: string): Buffer {
  const put = toBytes(prefix).toString("latin1");
  const bare = put.replace(/[ \t]+$/, "");
  const lines = text
    .toString("latin1")
    .replace(/^.*\n?/gm, (line) => (line === "" ? "" : `${line === "\n" ? bare : put}${line}`));
  return Buffer.from(lines, "latin1");
}
