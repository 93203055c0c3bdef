/** Which way a message goes when the user leaves the system mailbox. */
import { type Fate, Flag } from "../../mailbox/mailbox.ts";

export interface FateVariables {
  readonly hold: boolean;
  readonly keepsave: boolean;
}

/** Where a message of the system mailbox goes at quit. */
export function fateOf(flags: number, { hold, keepsave }: FateVariables): Fate {
  const has = (flag: number) => (flags & flag) !== 0;
  if (has(Flag.Deleted)) return "drop";
  if (has(Flag.Preserved)) return "keep";
  if (has(Flag.ToMbox)) return "mbox";
  if (!has(Flag.Touched)) return "keep";
  if (has(Flag.Saved) && !keepsave) return "drop";
  return hold ? "keep" : "mbox";
}
