/** A word of `set` and of -S. */
import type { Session } from "./session.ts";

/** `name`, `name=value` or `noname`. @returns false for a word that names nothing */
export function assign(session: Session, word: string): boolean {
  const { settings } = session.config;
  const [, name = "", value = ""] = /^([^=]*)=?(.*)$/s.exec(word) ?? [];
  if (name === "") {
    session.terminal.out("Non-null variable name required\n");
    return false;
  }
  // bsd-mailx only sets noNAME, and some names of this form mean something to it; POSIX has it unset NAME.
  if (name.startsWith("no") && name.length > 2 && !word.includes("=")) settings.unset(name.slice(2));
  settings.set(name, value);
  if (name === "interactive") session.terminal.interactive = true;
  return true;
}
