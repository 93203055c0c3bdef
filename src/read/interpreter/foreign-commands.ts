/**
 * The commands of heirloom mailx, S-nail and GNU mail that start-up files may contain. As in bsd-mailx, any other
 * unknown word ends the processing of the file.
 */

/** The equivalent, for `mail`, of a line written for another client: a command line, a condition, or nothing. */
export type Meaning =
  | { readonly kind: "command"; readonly line: string; readonly toleratesErrors?: true }
  | { readonly kind: "if" | "elif"; readonly condition: Condition }
  | { readonly kind: "ignored" };

/**
 * The condition of an if. "unknown" is an expression that `mail` cannot evaluate; it treats the expression as false.
 */
export type Condition = "terminal" | "always" | "never" | "unknown" | "send" | "read";

interface ForeignCommand {
  /**
   * "block" means that an opening brace at the end of the command's line begins a block of lines, which a closing brace
   * ends.
   */
  readonly form: "line" | "block";
  /** Returns the equivalent line for `mail`; undefined if the command is ignored. */
  readonly means: "ignored" | ((rest: string) => string | undefined);
}

const ignoredLine: ForeignCommand = { form: "line", means: "ignored" };

/** Returns rows for commands that affect only the other client's display, keyboard, macros or caches. */
function listIgnored(names: string): [string, ForeignCommand][] {
  return names.split(" ").map((name) => [name, ignoredLine]);
}

/** `headerpick type retain from to` means `retain from to`; `forward` and `top` have no counterpart. */
function translateHeaderpick(rest: string): string | undefined {
  const [, context = "", action = "", fields = ""] = /^\s*(\S+)\s+(\S+)\s*(.*)$/s.exec(rest) ?? [];
  const isKnown = /^(?:retain|ignore)$/.test(action) && /^(?:type|save)$/.test(context);
  return isKnown && fields !== "" ? `${context === "save" ? "save" : ""}${action} ${fields}` : undefined;
}

export const foreignCommands: ReadonlyMap<string, ForeignCommand> = new Map<string, ForeignCommand>([
  ["headerpick", { form: "line", means: translateHeaderpick }],
  ["setenv", { form: "line", means: (rest) => `set ${rest.trim()}` }],
  ["define", { form: "block", means: "ignored" }],
  ...listIgnored(
    "fwdretain fwdignore unfwdretain unfwdignore unheaderpick unignore unretain unsaveignore unsaveretain",
  ),
  ...listIgnored(
    "bind unbind commandalias uncommandalias ghost unghost shortcut unshortcut defines undefine undef call",
  ),
  ...listIgnored("colour uncolour color uncolor mono unmono charsetalias uncharsetalias filetype unfiletype"),
  ...listIgnored("mimetype unmimetype mlist unmlist mlsubscribe unmlsubscribe localopts environ unsetenv netrc tls"),
  ...listIgnored("cache disconnect connect noop features history errors varshow addrcodec digmsg mtaaliases readctl"),
  ...listIgnored("score unscore kill unkill flag unflag classify junk good sender nosender echoerr vput vexpr csop"),
]);

/**
 * The modifiers that can precede a command in S-nail. The modifiers limit the command's scope, or cause its errors to
 * be ignored.
 */
const modifier = /^\s*(?:\\|(?:wysh|ignerr|local|global|our|u|pgm)\s+)+/;

/**
 * Returns the meaning of a line in a start-up file if the line contains another client's command, otherwise undefined.
 */
export function interpretForeignLine(line: string): Meaning | undefined {
  const bare = line.replace(modifier, "");
  const [, word = "", rest = ""] = /^\s*([A-Za-z]+)(.*)$/s.exec(bare) ?? [];
  if (word === "if" || word === "elif") {
    const condition = readCondition(rest.trim());
    // A condition that bsd-mailx supports is processed as in bsd-mailx.
    if (word === "if" && (condition === "send" || condition === "read")) return undefined;
    return { kind: word, condition };
  }
  const found = foreignCommands.get(word);
  const meant = found === undefined || found.means === "ignored" ? undefined : found.means(rest);
  if (found !== undefined && meant === undefined) return { kind: "ignored" };
  if (meant === undefined && bare === line) return undefined;
  const tolerance = /^\s*(?:\w+\s+)*ignerr\s/.test(line) ? { toleratesErrors: true as const } : {};
  return { kind: "command", line: meant ?? bare, ...tolerance };
}

function readCondition(text: string): Condition {
  if (/^(?:t|tty|term|terminal)$/i.test(text)) return "terminal";
  if (/^(?:1|yes|true|on)$/i.test(text)) return "always";
  if (/^(?:0|no|false|off)$/i.test(text)) return "never";
  if (/^s\S*$/i.test(text)) return "send";
  return /^r\S*$/i.test(text) ? "read" : "unknown";
}
