/** The table of tilde escapes. ~? and the manual use it. */

import { deadLetterPath } from "../../config/paths.ts";
import { MailError, printError, UserMistake } from "../../errors.ts";
import { pushAll } from "../../message/lists.ts";
import { toBytes } from "../../message/text.ts";
import { draftHeaderToShow } from "../build/raw-message.ts";
import { splitTypedItems } from "../draft/recipients.ts";
import { describeFailedExit, editorOf, runEditor, runShell, withLastCommand } from "./child.ts";
import { addedEscapes, isOfUse } from "./tilde-added.ts";
import { type Composing, type Ended, type TildeEscape, tildeEscape } from "./tilde-escape.ts";
import { readFileOrCommand, readIntoDraft, writeBody } from "./tilde-files.ts";

export const tildeEscapes: readonly TildeEscape[] = [
  tildeEscape(
    "b",
    " name ...",
    'Add names to "blind" Cc: list.',
    ({ draft }, names) => void pushAll(draft.bcc, splitTypedItems(names)),
  ),
  tildeEscape(
    "c",
    " name ...",
    "Add names to Cc: field.",
    ({ draft }, names) => void pushAll(draft.cc, splitTypedItems(names)),
  ),
  tildeEscape("d", "", "Read dead.letter into message.", (composing) =>
    readIntoDraft(composing, deadLetterPath(composing.config)),
  ),
  tildeEscape("e", "", "Invoke text editor on partial message.", (composing) => editText(composing, "EDITOR"), true),
  tildeEscape(
    "F",
    " messages",
    "Same as ~f, but includes all headers.",
    (composing, list) => quoteMessages(composing, list, { all: true }),
    true,
  ),
  tildeEscape("f", " messages", "Read in messages.", (composing, list) => quoteMessages(composing, list, {}), true),
  tildeEscape("h", "", "Edit the header fields.", editHeader, true),
  tildeEscape(
    "M",
    " messages",
    "Same as ~m, but includes all headers.",
    (composing, list) => quoteMessages(composing, list, { all: true, shifted: true }),
    true,
  ),
  tildeEscape(
    "m",
    " messages",
    "Read in messages, right shifted by a tab.",
    (composing, list) => quoteMessages(composing, list, { shifted: true }),
    true,
  ),
  tildeEscape("p", "", "Print (show) the message buffer.", showDraft, true),
  tildeEscape("q", "", "Abort message; optionally save copy to ~/dead.letter.", ({ terminal }) => {
    terminal.err("Interrupt\n");
    return "cancelled";
  }),
  tildeEscape("r<", " file", "Read a file into the message buffer.", readFileOrCommand),
  tildeEscape("s", " string", "Set Subject: field to string.", setSubject),
  tildeEscape(
    "t",
    " name ...",
    "Add names to To: field.",
    ({ draft }, names) => void pushAll(draft.to, splitTypedItems(names)),
  ),
  tildeEscape("v", "", "Invoke display editor on message.", (composing) => editText(composing, "VISUAL"), true),
  tildeEscape("w", " filename", "Write message to file.", writeBody),
  tildeEscape("x", "", "Abort message; no copy is saved.", () => "dropped"),
  tildeEscape("?", "", "Print a brief summary of tilde escapes.", ({ terminal }) =>
    terminal.out(tildeHelp(terminal.inputIsTerminal)),
  ),
  tildeEscape("!", "command", "Execute shell command.", async ({ config, terminal }, line) => {
    const { code } = await runShell(config, terminal, withLastCommand(config, terminal, line));
    terminal.out(`${describeFailedExit(code)}!\n`);
  }),
  tildeEscape(
    "|",
    "command",
    "Pipe message through command.",
    (composing, _argument, written) => filterText(composing, written.slice(1)),
    true,
  ),
  tildeEscape(
    ":_",
    "command",
    "Execute a Mail command.",
    async ({ execute }, line) => ((await execute?.(line)) === true ? "dropped" : undefined),
    true,
  ),
  tildeEscape("~", "string", "Quote a single tilde.", ({ draft }, _argument, written) =>
    draft.body.append(toBytes(`${written}\n`)),
  ),
  tildeEscape(".", "", "Simulate end of file on input.", () => "sent"),
  tildeEscape("R", " name", undefined, setReplyTo),
  ...addedEscapes,
];

/**
 * Runs a tilde escape. If the escape fails, the error is printed, and the user can continue the message.
 *
 * @param line the line after its escape character
 */
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
    printError(composing.terminal, new UserMistake("Unknown tilde escape."));
    return undefined;
  }
  let ended: Ended;
  try {
    ended = (await found.run(composing, line.slice(1).replace(/^[ \t]+/, ""), line)) ?? undefined;
  } catch (error) {
    if (!(error instanceof MailError)) throw error;
    printError(composing.terminal, error);
  }
  const goesOn = found.continues === true && ended === undefined;
  if (goesOn && composing.terminal.inputIsTerminal) composing.terminal.out("(continue)\n");
  return ended;
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

function showDraft({ config, terminal, draft }: Composing): void {
  terminal.out(`-------\nMessage contains:\n${draftHeaderToShow(draft, config.settings.text("from"))}`);
  terminal.out(draft.body.bytes());
}

async function editText({ config, terminal, draft }: Composing, which: "EDITOR" | "VISUAL"): Promise<void> {
  const text = await runEditor(terminal, editorOf(config, which), draft.body.bytes());
  draft.body.clear();
  draft.body.append(text);
}

async function filterText({ config, terminal, draft }: Composing, line: string): Promise<void> {
  const { code, output } =
    line === "" ? { code: 0, output: Buffer.alloc(0) } : await runShell(config, terminal, line, draft.body.bytes());
  if (code !== 0) return terminal.out(describeFailedExit(code));
  if (output.length === 0) throw new UserMistake(`No bytes from "${line}" !?`, { form: "bare" });
  draft.body.clear();
  draft.body.append(output);
}

/** Edits the header fields. An interrupt ends editing, and earlier answers are kept. */
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
    else draft[field] = splitTypedItems(answer.text);
  }
}

async function quoteMessages(
  { terminal, draft, quoting, config }: Composing,
  list: string,
  form: { all?: boolean; shifted?: boolean },
): Promise<void> {
  if (quoting === undefined) throw new UserMistake("No appropriate messages");
  const messages = await quoting.select(list);
  if (messages.length === 0) return;
  terminal.out(`Interpolating: ${messages.join(" ")}\n`);
  const prefix = config.settings.get("indentprefix") ?? "\t";
  for (const message of messages) {
    const text = await quoting.text(message, form.all === true);
    draft.body.append(form.shifted === true ? indentText(text, prefix) : text);
  }
}

/** Indents the lines of the text. Before an empty line, the prefix's trailing white space is omitted. */
function indentText(text: Buffer, prefix: string): Buffer {
  const put = toBytes(prefix).toString("latin1");
  const bare = put.replace(/[ \t]+$/, "");
  const lines = text
    .toString("latin1")
    .replace(/^.*\n?/gm, (line) => (line === "" ? "" : `${line === "\n" ? bare : put}${line}`));
  return Buffer.from(lines, "latin1");
}
