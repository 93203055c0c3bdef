/** Assigns the arguments of `set` and -S to variables. */
import { UserMistake } from "../../errors.ts";
import type { Session } from "./session.ts";

/** Evaluates `name`, `name=value` or `noname`. @throws UserMistake if the name is empty */
export function assignVariable(session: Session, word: string): void {
  const { settings } = session.config;
  const [, name = "", value = ""] = /^([^=]*)=?(.*)$/s.exec(word) ?? [];
  if (name === "") throw new UserMistake("Non-null variable name required");
  // POSIX requires noNAME to unset NAME. bsd-mailx instead sets a variable called noNAME, and some variables with such
  // names have a meaning. `mail` does both.
  if (name.startsWith("no") && name.length > 2 && !word.includes("=")) settings.unset(name.slice(2));
  settings.set(name, value);
  if (name === "interactive") session.terminal.interactive = true;
}
