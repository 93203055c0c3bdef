/** The tilde escapes of POSIX mailx and S-nail that bsd-mailx lacks. */

import { expandFileName } from "../../config/paths.ts";
import { ttyCharset } from "../../config/settings.ts";
import { splitRawWords, unquotePrefix } from "../../config/words.ts";
import { UserMistake } from "../../errors.ts";
import { toBytes } from "../../message/text.ts";
import { runInterruptibly } from "../../submit/interrupt.ts";
import { type Composing, type TildeEscape, tildeEscape } from "./tilde-escape.ts";

export const addedEscapes: readonly TildeEscape[] = [
  tildeEscape("a", "", "Insert the value of sign.", (composing) => insertVariable(composing, "sign")),
  tildeEscape("A", "", "Insert the value of Sign.", (composing) => insertVariable(composing, "Sign")),
  tildeEscape("i", " variable", "Insert the value of a variable.", insertVariable),
  tildeEscape("@", " file ...", "Attach files. With no arguments, list the attachments.", attachFiles),
].map((each) => ({ ...each, added: true }));

/**
 * Returns whether an additional escape has an effect. If the input is a pipe and the variable to be inserted is not
 * set, a line such as `~a` is an unknown escape, as in bsd-mailx.
 */
export function isOfUse({ config }: Composing, line: string): boolean {
  const [first = "", name = ""] = [line.charAt(0), line.slice(1).trim()];
  const variable = { a: "sign", A: "Sign", i: name }[first];
  return variable === undefined || (variable !== "" && config.settings.text(variable) !== undefined);
}

/** Inserts a variable's value, in which `\\t` and `\\n` mean a tab and a newline (POSIX mailx). */
function insertVariable({ config, draft }: Composing, name: string): void {
  const value = name === "" ? undefined : config.settings.text(name);
  if (value === undefined || value === "")
    throw new UserMistake(name === "" ? "Insert what variable?" : `"${name}" has no value.`);
  const text = value.replace(/\\([nt])/g, (_all, letter: string) => (letter === "n" ? "\n" : "\t"));
  draft.body.append(toBytes(text.endsWith("\n") ? text : `${text}\n`));
}

async function attachFiles(composing: Composing, line: string): Promise<void> {
  const { config, terminal, draft } = composing;
  const { openAttachment: attach } = await import("../draft/attachment.ts");
  await runInterruptibly(terminal, async (signal) => {
    for (const path of splitRawWords(line).map(({ typed }) => expandFileName(composing, unquotePrefix(typed))))
      draft.attachments.push(await attach(path, { ttycharset: ttyCharset(config) }, signal));
  });
  for (const [at, { name, type, size }] of draft.attachments.entries()) {
    terminal.out(`${at + 1}: ${name} (${type}, ${size} bytes)\n`);
  }
  if (draft.attachments.length === 0) terminal.out("Nothing is attached.\n");
}
