/**
 * A message from its first line to its outcome: its text is collected, then it is sent.
 *
 * Whatever ends it other than acceptance by the server leaves the text in dead.letter, and says why.
 */

import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { followsBsdMailx } from "../config/config.ts";
import { Exit, MailError } from "../errors.ts";
import { parseAddresses, splitAtCommas } from "../message/address.ts";
import { pushAll } from "../message/lists.ts";
import { toBytes } from "../message/text.ts";
import type { Terminal } from "../terminal/terminal.ts";
import type { Draft } from "./draft/draft.ts";
import { Unsendable } from "./draft/draft.ts";
import { addRequestedParts } from "./draft/prepare.ts";
import type { ComposeContext, ComposeResult } from "./sending/context.ts";
import { unsentResult } from "./sending/outcome.ts";
import { submitDraft } from "./sending/sending.ts";
import { Interrupt } from "./typing/interrupt.ts";
import type { Composing, Ended } from "./typing/tilde-escape.ts";
import type { Unfinished } from "./unsent/autosave.ts";
import { Keeping } from "./unsent/keeping.ts";
import { keepAtSignals } from "./unsent/signals.ts";

/** @param continued a draft of before that this one goes on with; its file goes once the text is somewhere else */
export async function compose(context: ComposeContext, draft: Draft, continued?: Unfinished): Promise<ComposeResult> {
  const keeping = new Keeping(context, draft, { typed: context.terminal.inputIsTerminal, continued });
  return carryOut(context, draft, keeping, { collects: true });
}

/** Sends a draft that has its text already. What is not accepted for everyone is kept in dead.letter, and that is said. */
export async function sendDraft(context: ComposeContext, draft: Draft): Promise<ComposeResult> {
  const keeping = new Keeping(context, draft, { typed: false });
  return carryOut(context, draft, keeping, { collects: false });
}

/** Milliseconds, and the most that a text without end is given. */
const quiet = 20;
const longest = 5000;

/**
 * What was typed or piped before a signal comes a line or a piece at a time.
 *
 * @param isOpen whether somebody still takes it in
 */
async function takenSoFar(terminal: Terminal, { body }: Draft, isOpen: () => boolean): Promise<void> {
  const until = Date.now() + longest;
  for (let size = -1; Date.now() < until; ) {
    if (size === body.size && !(isOpen() && (await terminal.hasMore()))) return;
    size = body.size;
    await sleep(quiet);
    // On a busy machine the timer may be late, and nothing have been read meanwhile.
    await nextTurn();
  }
}

/**
 * Collects the text, unless the draft has it already, and sends it. Whatever ends that, the text is kept first, unless it
 * has been sent.
 */
async function carryOut(
  context: ComposeContext,
  draft: Draft,
  keeping: Keeping,
  { collects }: { readonly collects: boolean },
): Promise<ComposeResult> {
  const { terminal } = context;
  let isOpen = collects;
  const interrupt = new Interrupt(terminal);
  const atEase = keepAtSignals(async () => {
    keeping.save();
    interrupt.end();
    // What was under way says first what is known of it.
    await takenSoFar(terminal, draft, () => isOpen);
    if (terminal.begun !== "") draft.body.append(toBytes(`${terminal.begun}\n`));
    await keeping.keepAndSay();
  }, terminal);
  try {
    const ended = collects ? await collectDraft(context, draft, keeping, interrupt) : undefined;
    isOpen = false;
    const result = ended ?? (await finishDraft(context, draft, keeping, interrupt));
    keeping.settle();
    return result;
  } finally {
    isOpen = false;
    await atEase();
    interrupt.close();
    keeping.end();
    draft.body.close();
  }
}

/** Takes in the text. @returns what became of it when that is all, undefined when it is to be sent */
async function collectDraft(
  context: ComposeContext,
  draft: Draft,
  keeping: Keeping,
  interrupt: Interrupt,
): Promise<ComposeResult | undefined> {
  const { config, terminal } = context;
  try {
    const ended = await takenIn(context, draft, keeping, interrupt);
    if (ended === "sent") return undefined;
    if (ended === "dropped") return unsentResult(Exit.Ok);
    const exit = followsBsdMailx(config) ? Exit.Ok : Exit.Failure;
    // A terminal that is lost is nobody's wish.
    if (terminal.lost || config.settings.text("nosave") === undefined) await keeping.keep();
    return unsentResult(exit);
  } catch (error) {
    if (error instanceof MailError) await keeping.keepAndSay();
    else await keeping.keep();
    throw error;
  }
}

async function finishDraft(
  context: ComposeContext,
  draft: Draft,
  keeping: Keeping,
  interrupt: Interrupt,
): Promise<ComposeResult> {
  const { config, terminal } = context;
  if ((context.skipEmpty || config.settings.get("skipempty")) && draft.body.size === 0) return unsentResult(Exit.Ok);
  if (draft.appended !== undefined) draft.body.append(draft.appended);
  try {
    if (context.wanted?.header === true) {
      const { takeHeader } = await import("./draft/body-header.ts");
      takeHeader(draft);
    }
    addNamedPeople(draft);
    return await submitDraft(context, draft, keeping, interrupt.signal);
  } catch (error) {
    if (!(error instanceof Unsendable)) {
      await keeping.keepAndSay();
      throw error;
    }
    if (error.quiet) terminal.out(`${error.message}\n`);
    else terminal.err(`mail: ${error.message}\n`);
    if (draft.body.size > 0 && !draft.body.facts.ended) draft.body.append(toBytes("\n"));
    await keeping.keepAndSay();
    return unsentResult(error.exit);
  }
}

/** People named by -a are people who get the message, as when a sendmail program reads the header. */
function addNamedPeople(draft: Draft): void {
  for (const { name, value } of draft.fields) {
    const lower = name.toLowerCase();
    if (lower === "to" || lower === "cc" || lower === "bcc") pushAll(draft[lower], splitAtCommas(value));
    if (lower === "to") draft.shownTo = value;
  }
  draft.fields = draft.fields.filter(({ name }) => !/^(to|cc|bcc)$/i.test(name));
  // A group without members, such as undisclosed-recipients:;
  draft.to = draft.to.filter((item) => item !== draft.shownTo || parseAddresses(item).length > 0);
}

async function takenIn(
  context: ComposeContext,
  draft: Draft,
  keeping: Keeping,
  interrupt: Interrupt,
): Promise<Exclude<Ended, undefined>> {
  const { config, terminal, quoting, execute, folder, wanted } = context;
  const how = { ...context.ask, escapes: wanted?.escapes === true };
  const composing = { config, terminal, draft, quoting, execute, folder, typed: keeping.typed };
  const prepared =
    wanted === undefined ? Promise.resolve() : addRequestedParts(config, draft, wanted, interrupt.signal);
  if (!terminal.interactive && !how.escapes && wanted?.quoteFile === undefined) {
    // Both at once: whoever writes to a pipe that is attached may write the text, too.
    const [preparing, collecting] = await Promise.allSettled([prepared, collectText(composing, how)]);
    for (const each of [collecting, preparing]) if (each.status === "rejected") throw each.reason;
    return "sent";
  }
  try {
    await prepared;
  } catch (error) {
    // What is piped is not lost because of an attachment that is not there.
    if (!terminal.interactive) for await (const piece of terminal.rest()) draft.body.append(piece);
    throw error;
  }
  // With what it began with, a draft that is gone on with is in a file of this process.
  keeping.save();
  // The interrupts that count are those that come while a line is awaited; between two lines none may end us.
  return interrupt.ignored(() => collectText(composing, how));
}

/** @returns "sent" for a message to be sent; "cancelled": its text is to be kept; "dropped": it is not */
async function collectText(
  composing: Composing,
  how: { readonly subject: boolean; readonly escapes: boolean },
): Promise<Exclude<Ended, undefined>> {
  const { interactive } = composing.terminal;
  if (!interactive && !how.escapes) return await takeRest(composing);
  const { Typing } = await import("./typing/typing.ts");
  return interactive ? await new Typing(composing).run(how) : await new Typing(composing).runPiped();
}

/** A pipe: text is text. */
async function takeRest({ terminal, draft }: Composing): Promise<"sent"> {
  for await (const piece of terminal.rest()) draft.body.append(piece);
  return "sent";
}
