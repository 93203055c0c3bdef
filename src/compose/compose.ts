/**
 * Composes a message: collects its text and sends it.
 *
 * Unless the server accepts the message, the text is kept in dead.letter, and the reason is reported.
 */

import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import type { Config } from "../config/config.ts";
import { followsBsdMailx } from "../config/settings.ts";
import { Exit, MailError, printError } from "../errors.ts";
import { parseAddresses, splitAtCommas } from "../message/address.ts";
import { pushAll } from "../message/lists.ts";
import { toBytes } from "../message/text.ts";
import { Interrupt } from "../submit/interrupt.ts";
import type { Departure, Refusal } from "../submit/transport.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { type Draft, fieldValue } from "./draft/draft.ts";
import { settleItems } from "./draft/recipients.ts";
import type { Wanted } from "./draft/requested-parts.ts";
import type { ComposeContext, ComposeResult, Copy } from "./sending/context.ts";
import { reportFailure, reportOutcome, unsentResult } from "./sending/outcome.ts";
import {
  buildDeparture,
  type PreparedDraft,
  prepareDraft,
  reportPlan,
  summarizeCopies,
  writeCopies,
} from "./sending/prepare-message.ts";
import type { Composing, Ended } from "./typing/tilde-escape.ts";
import type { Autosave, Unfinished } from "./unsent/autosave.ts";
import { Keeping, keepAtSignals } from "./unsent/keep-unsent.ts";

/** A message to be composed and sent. */
export interface Composition {
  readonly context: ComposeContext;
  readonly draft: Draft;
}

interface ComposeOptions {
  /**
   * An earlier draft that this draft continues. The earlier draft's file is removed once the text is stored elsewhere.
   */
  readonly continued?: Unfinished;
  /** Whether the draft already contains its text. */
  readonly isComplete?: boolean;
  /** Stores the prepared draft instead of sending it. @throws MailError */
  readonly store?: Store;
}

type Store = (draft: Draft, prepared: PreparedDraft, interrupt: AbortSignal) => Promise<ComposeResult>;

/** Limits in milliseconds for collecting pending input when a signal arrives. */
const quiet = 20;
const longest = 5000;
/** The number of quiet periods after which the input is considered complete. A busy thread may report bytes late. */
const quietPeriods = 3;

/**
 * Waits until this process has read all text that was typed or piped before the signal arrived. The text may arrive in
 * several pieces.
 *
 * @param isOpen returns whether the input is still being read
 */
async function collectUntilSignal(terminal: Terminal, { body }: Draft, isOpen: () => boolean): Promise<void> {
  const until = Date.now() + longest;
  let size = -1;
  for (let quietOnes = 0; Date.now() < until; ) {
    const isQuiet = size === body.size && !(isOpen() && (await terminal.hasMore()));
    quietOnes = isQuiet ? quietOnes + 1 : 0;
    if (quietOnes === quietPeriods) return;
    size = body.size;
    await sleep(quiet);
    // On a busy machine, the timer may fire late, while input is still unread.
    await nextTurn();
  }
}

/** Saves the text when a signal ends `mail`. @returns a function that removes the signal handlers */
function keepTextAtSignals(
  { terminal }: ComposeContext,
  draft: Draft,
  keeping: Keeping,
  { interrupt, isOpen }: { readonly interrupt: Interrupt; readonly isOpen: () => boolean },
): () => Promise<void> {
  return keepAtSignals(async () => {
    keeping.save();
    interrupt.end();
    // Let the interrupted work report its outcome first.
    await collectUntilSignal(terminal, draft, isOpen);
    if (terminal.begun !== "") draft.body.append(toBytes(`${terminal.begun}\n`));
    await keeping.keepAndSay();
  }, terminal);
}

/**
 * Collects the text of a draft, unless the text is already complete, and sends the draft. The text is kept if the
 * message is not accepted for all recipients, or if a signal ends `mail`.
 */
export async function compose(
  context: ComposeContext,
  draft: Draft,
  { continued, isComplete = false, store }: ComposeOptions = {},
): Promise<ComposeResult> {
  const { config, terminal, submission } = context;
  const isTyped = !isComplete && terminal.inputIsTerminal && !config.settings.get("dryrun");
  const keeping = new Keeping(context, draft, isTyped ? await startAutosave(config, continued) : undefined);
  let isOpen = !isComplete;
  const interrupt = new Interrupt(terminal);
  const atEase = keepTextAtSignals(context, draft, keeping, { interrupt, isOpen: () => isOpen });
  try {
    const ended = isComplete ? undefined : await collectDraft(context, draft, keeping, interrupt);
    isOpen = false;
    let result = ended ?? (await prepareDeparture(context, draft, keeping, interrupt.signal, store));
    if ("departure" in result) {
      const { departure, refused, copies, messageId } = result;
      try {
        const outcome = await submission.send(departure, { interrupt: interrupt.signal });
        result = await reportOutcome(terminal, { ...outcome, refused: [...refused, ...outcome.refused] }, keeping);
      } catch (error) {
        result = await reportUnsent(context, error, keeping);
      }
      result = { ...result, messageId, copies };
    }
    keeping.settle();
    return result;
  } catch (error) {
    // Reporting a failure may also fail, for example if the terminal was lost.
    await keeping.keep();
    throw error;
  } finally {
    isOpen = false;
    await atEase();
    interrupt.close();
    keeping.end();
    draft.body.close();
  }
}

async function startAutosave(config: Config, continued: Unfinished | undefined): Promise<Autosave | undefined> {
  const { Autosave } = await import("./unsent/autosave.ts");
  return Autosave.start(config, continued);
}

/** Collects the text. Returns undefined if the message is to be sent, and the result otherwise. */
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
    // If the terminal was lost, the text is kept even with `nosave`, because the user may still want it.
    if (terminal.lost || config.settings.text("nosave") === undefined) await keeping.keep();
    return unsentResult(exit);
  } catch (error) {
    if (error instanceof MailError) await keeping.keepAndSay();
    throw error;
  }
}

/** A message that is ready to be sent, and the recipients that have already been refused. */
interface Ready {
  readonly departure: Departure;
  readonly refused: readonly Refusal[];
  readonly copies: readonly Copy[];
  readonly messageId: string;
}

/**
 * Checks and builds a complete draft, and writes copies of the message. Returns a ComposeResult if the message will not
 * be sent, or has only been copied to files and commands.
 */
async function prepareDeparture(
  context: ComposeContext,
  draft: Draft,
  keeping: Keeping,
  interrupt: AbortSignal,
  store: Store | undefined,
): Promise<Ready | ComposeResult> {
  const { config, terminal } = context;
  if ((context.skipEmpty || config.settings.get("skipempty")) && draft.body.size === 0) return unsentResult(Exit.Ok);
  if (draft.appended !== undefined) draft.body.append(draft.appended);
  let prepared: PreparedDraft;
  try {
    if (context.wanted?.header === true) {
      const { takeHeader } = await import("./draft/body-header.ts");
      for (const field of takeHeader(draft)) {
        terminal.err(`mail: -t: "${field}" adds no recipient, because the command line names recipients\n`);
      }
    }
    addNamedPeople(draft);
    if (context.wanted !== undefined) settleItems(draft);
    const signature = config.settings.text("signature");
    if (signature) {
      const { appendSignature } = await import("./draft/signature.ts");
      appendSignature(context, draft, signature);
    }
    prepared = prepareDraft(context, draft);
    if (config.settings.get("debug")) return await reportPlan(context, prepared);
  } catch (error) {
    if (!(error instanceof MailError)) {
      await keeping.keepAndSay();
      throw error;
    }
    printError(terminal, error);
    if (draft.body.size > 0 && !draft.body.facts.ended) draft.body.append(toBytes("\n"));
    return unsentResult(error.exit, { error, deadLetter: await keeping.keepAndSay() });
  }
  try {
    if (store !== undefined) return await store(draft, prepared, interrupt);
    const written = await writeCopies(context, draft, prepared, interrupt);
    const { copies } = written;
    const refused = [...prepared.refused, ...written.refused];
    const messageId = fieldValue(draft, "message-id") ?? prepared.stamp.messageId;
    const departure = await buildDeparture(context, draft, prepared, interrupt);
    if (departure !== undefined) return { departure, refused, copies, messageId };
    const { accepted } = summarizeCopies(prepared.people, refused);
    return { ...(await reportOutcome(terminal, { accepted, refused }, keeping)), messageId, copies };
  } catch (error) {
    return reportUnsent(context, error, keeping);
  }
}

/**
 * Saves the text of a message that could not be sent, and reports the failure.
 *
 * @throws any error other than MailError
 */
async function reportUnsent(context: ComposeContext, error: unknown, keeping: Keeping): Promise<ComposeResult> {
  if (error instanceof MailError) return reportFailure(context, error, keeping);
  await keeping.keepAndSay();
  throw error;
}

/** Adds the recipients that are named in fields given with -a, as a sendmail program does when it reads the header. */
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

function requestsParts({ attach, quoteFile, bodyFile }: Wanted): boolean {
  return attach.length > 0 || quoteFile !== undefined || bodyFile !== undefined;
}

/** Returns whether standard input is attached, in which case it cannot be the body. */
function attachesStandardInput(wanted: Wanted | undefined): boolean {
  return wanted?.attach.some(({ path }) => /^\/(?:dev\/stdin|(?:dev|proc\/self)\/fd\/0)$/.test(path)) === true;
}

async function collectTypedText(
  context: ComposeContext,
  draft: Draft,
  keeping: Keeping,
  interrupt: Interrupt,
): Promise<Exclude<Ended, undefined>> {
  const { config, terminal, quoting, execute, folder, wanted } = context;
  const how = { ...context.ask, escapes: context.escapes };
  const composing = { config, terminal, draft, quoting, execute, folder, typed: keeping.typed };
  const prepared =
    wanted === undefined || !requestsParts(wanted)
      ? Promise.resolve()
      : import("./draft/requested-parts.ts").then((parts) =>
          parts.addRequestedParts(config, draft, wanted, interrupt.signal),
        );
  if (wanted?.bodyFile !== undefined || (!terminal.interactive && attachesStandardInput(wanted))) {
    await prepared;
    return "sent";
  }
  if (!terminal.interactive && !how.escapes && wanted?.quoteFile === undefined) {
    // The attachments and the text are read at the same time, because one process may write to an attached pipe and to
    // standard input.
    const [preparing, collecting] = await Promise.allSettled([prepared, collectText(composing, how)]);
    for (const each of [collecting, preparing]) if (each.status === "rejected") throw each.reason;
    return "sent";
  }
  try {
    await prepared;
  } catch (error) {
    // The piped text must not be lost if an attachment cannot be read.
    if (!terminal.interactive) for await (const piece of terminal.rest()) draft.body.append(piece);
    throw error;
  }
  // A continued draft is stored immediately in this process's own file.
  keeping.save();
  // While a line is being typed, Typing handles interrupts itself. An interrupt between two lines must not end the message.
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
