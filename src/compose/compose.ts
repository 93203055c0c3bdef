/**
 * Composes a message: collects its text and sends it.
 *
 * Unless the server accepts the message, the text is kept in dead.letter, and the reason is reported.
 */

import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { followsBsdMailx } from "../config/config.ts";
import { Exit, MailError, printError } from "../errors.ts";
import { parseAddresses, splitAtCommas } from "../message/address.ts";
import { pushAll } from "../message/lists.ts";
import { toBytes } from "../message/text.ts";
import type { Terminal } from "../terminal/terminal.ts";
import type { Draft } from "./draft/draft.ts";
import { addRequestedParts } from "./draft/prepare.ts";
import type { ComposeContext, ComposeResult } from "./sending/context.ts";
import { unsentResult } from "./sending/outcome.ts";
import { submitDraft } from "./sending/sending.ts";
import { Interrupt } from "./typing/interrupt.ts";
import type { Composing, Ended } from "./typing/tilde-escape.ts";
import type { Unfinished } from "./unsent/autosave.ts";
import { Keeping } from "./unsent/keeping.ts";
import { keepAtSignals } from "./unsent/signals.ts";

/**
 * Collects the text of a draft and sends it.
 *
 * @param continued an earlier draft that this one continues; its file is removed once the text is stored elsewhere
 */
export async function compose(context: ComposeContext, draft: Draft, continued?: Unfinished): Promise<ComposeResult> {
  const keeping = new Keeping(context, draft, { typed: context.terminal.inputIsTerminal, continued });
  return carryOut(context, draft, keeping, { collects: true });
}

/**
 * Sends a complete draft. If it is not accepted for all recipients, the text is kept in dead.letter, and this is
 * reported.
 */
export async function sendDraft(context: ComposeContext, draft: Draft): Promise<ComposeResult> {
  const keeping = new Keeping(context, draft, { typed: false });
  return carryOut(context, draft, keeping, { collects: false });
}

/** Limits in milliseconds for collecting pending input when a signal arrives. */
const quiet = 20;
const longest = 5000;

/**
 * Waits until the text that was typed or piped before a signal has been read. It may arrive in several pieces.
 *
 * @param isOpen returns whether the input is still being read
 */
async function collectUntilSignal(terminal: Terminal, { body }: Draft, isOpen: () => boolean): Promise<void> {
  const until = Date.now() + longest;
  for (let size = -1; Date.now() < until; ) {
    if (size === body.size && !(isOpen() && (await terminal.hasMore()))) return;
    size = body.size;
    await sleep(quiet);
    // On a busy machine, the timer may be late and the input unread.
    await nextTurn();
  }
}

/**
 * Collects the text, unless the draft is complete, and sends it. If a signal ends this, the text is kept unless the
 * message has been sent.
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
    // The interrupted work reports its outcome first.
    await collectUntilSignal(terminal, draft, () => isOpen);
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

/** Collects the text. Returns undefined if the message is to be sent, otherwise the result. */
async function collectDraft(
  context: ComposeContext,
  draft: Draft,
  keeping: Keeping,
  interrupt: Interrupt,
): Promise<ComposeResult | undefined> {
  const { config, terminal } = context;
  try {
    const ended = await collectTypedText(context, draft, keeping, interrupt);
    if (ended === "sent") return undefined;
    if (ended === "dropped") return unsentResult(Exit.Ok);
    const exit = followsBsdMailx(config) ? Exit.Ok : Exit.Failure;
    // The user may still want the text if the terminal was lost.
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
    if (!(error instanceof MailError)) {
      await keeping.keepAndSay();
      throw error;
    }
    printError(terminal, error);
    if (draft.body.size > 0 && !draft.body.facts.ended) draft.body.append(toBytes("\n"));
    await keeping.keepAndSay();
    return unsentResult(error.exit);
  }
}

/** Adds the recipients in fields given with -a, as a sendmail program does when it reads the header. */
function addNamedPeople(draft: Draft): void {
  for (const { name, value } of draft.fields) {
    const lower = name.toLowerCase();
    if (lower === "to" || lower === "cc" || lower === "bcc") pushAll(draft[lower], splitAtCommas(value));
    if (lower === "to") draft.shownTo = value;
  }
  draft.fields = draft.fields.filter(({ name }) => !/^(to|cc|bcc)$/i.test(name));
  // Omits a group without members, such as undisclosed-recipients:;
  draft.to = draft.to.filter((item) => item !== draft.shownTo || parseAddresses(item).length > 0);
}

async function collectTypedText(
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
    // Both are read at the same time, because one process may write to an attached pipe and to standard input.
    const [preparing, collecting] = await Promise.allSettled([prepared, collectText(composing, how)]);
    for (const each of [collecting, preparing]) if (each.status === "rejected") throw each.reason;
    return "sent";
  }
  try {
    await prepared;
  } catch (error) {
    // The piped text must not be lost because an attachment cannot be read.
    if (!terminal.interactive) for await (const piece of terminal.rest()) draft.body.append(piece);
    throw error;
  }
  // A continued draft is stored in this process's file at once.
  keeping.save();
  // Typing handles the interrupts that arrive while it waits for a line. Interrupts between two lines must not end
  // the message.
  return interrupt.ignored(() => collectText(composing, how));
}

/**
 * Collects the text. Returns "sent" if the message is to be sent, "cancelled" if only its text is to be kept, or
 * "dropped".
 */
async function collectText(
  composing: Composing,
  how: { readonly subject: boolean; readonly escapes: boolean },
): Promise<Exclude<Ended, undefined>> {
  const { interactive } = composing.terminal;
  if (!interactive && !how.escapes) return await takeRest(composing);
  const { Typing } = await import("./typing/typing.ts");
  return interactive ? await new Typing(composing).run(how) : await new Typing(composing).runPiped();
}

/** Reads text from a pipe without interpreting it. */
async function takeRest({ terminal, draft }: Composing): Promise<"sent"> {
  for await (const piece of terminal.rest()) draft.body.append(piece);
  return "sent";
}
