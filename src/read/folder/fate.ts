/** Determines what `quit` does with each message in the system mailbox. */
import { type Fate, Flag } from "../../mailbox/mailbox.ts";

export interface FateVariables {
  readonly hold: boolean;
  readonly keepsave: boolean;
}

/** Returns the fate of a message with the given flags. */
export function fateOf(flags: number, { hold, keepsave }: FateVariables): Fate {
  const has = (flag: number) => (flags & flag) !== 0;
  if (has(Flag.Deleted)) return "drop";
  if (has(Flag.Preserved)) return "keep";
  if (has(Flag.ToMbox)) return "mbox";
  if (!has(Flag.Touched)) return "keep";
  if (has(Flag.Saved) && !keepsave) return "drop";
  return hold ? "keep" : "mbox";
}
