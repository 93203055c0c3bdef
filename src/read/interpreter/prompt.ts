/** The session's prompt, with its % sequences replaced. */
import { basename } from "node:path";
import { Flag } from "../../mailbox/mailbox.ts";
import type { Session } from "../session/session.ts";

/** bsd-mailx's prompt, which cannot be changed; used if the terminal cannot move its cursor. */
const plainPrompt = "& ";

/** Returns the prompt: `& ` or, on a terminal, the value of `prompt` with its % sequences replaced. */
export function promptOf({ config, folder, terminal }: Session): string {
  if (!terminal.rich) return plainPrompt;
  const text = config.settings.get("prompt");
  if (!text.includes("%")) return text;
  const count = (fits: (flags: number) => boolean) => {
    let found = 0;
    const mailbox = folder?.mailbox;
    if (mailbox === undefined) return 0;
    for (let message = 1; message <= mailbox.count; message++) if (fits(mailbox.flags(message))) found++;
    return found;
  };
  const is = (flags: number, flag: number) => (flags & flag) !== 0;
  const values: Readonly<Record<string, () => number | string>> = {
    u: () => count((flags) => !is(flags, Flag.Read) && !is(flags, Flag.Deleted)),
    n: () => count((flags) => is(flags, Flag.New) && !is(flags, Flag.Read) && !is(flags, Flag.Deleted)),
    m: () => folder?.mailbox.count ?? 0,
    d: () => count((flags) => is(flags, Flag.Deleted)),
    c: () => folder?.current ?? 0,
    f: () => basename(folder?.mailbox.path ?? ""),
    "%": () => "%",
  };
  return text.replace(/%([unmdcf%])/g, (_all, letter: string) => String(values[letter]?.() ?? ""));
}
