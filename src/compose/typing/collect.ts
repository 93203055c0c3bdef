/** Takes in a message: typed, with prompts, escapes and interrupts, or whole from a pipe. */
import type { Composing, Ended } from "./tilde-escape.ts";

/** @returns "sent" for a message to be sent; "cancelled": its text is to be kept; "dropped": it is not */
export async function collect(
  composing: Composing,
  how: { readonly subject: boolean; readonly escapes: boolean },
): Promise<Exclude<Ended, undefined>> {
  const { interactive } = composing.terminal;
  if (!interactive && !how.escapes) return await takeRest(composing);
  const { Typing } = await import("./typing.ts");
  return interactive ? await new Typing(composing).run(how) : await new Typing(composing).runPiped();
}

/** A pipe: text is text. */
async function takeRest({ terminal, draft }: Composing): Promise<"sent"> {
  for await (const piece of terminal.rest()) draft.body.append(piece);
  return "sent";
}
