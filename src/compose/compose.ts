/**
 * A message from its first line to its outcome: its text is collected, then it is sent.
 *
 * Whatever ends it other than acceptance by the server leaves the text in dead.letter, and says why.
 */
import { Exit, MailError } from "../errors.ts";
import { parseAddresses, splitAtCommas } from "../message/address.ts";
import { toBytes } from "../message/text.ts";
import { Autosave } from "./autosave.ts";
import { takeHeader } from "./body-header.ts";
import { collect } from "./collect.ts";
import type { ComposeContext, ComposeResult } from "./context.ts";
import type { Draft } from "./draft.ts";
import { Unsendable } from "./errors.ts";
import { asBsd, type Composed, keepAndSay, toDeadLetter, unsent } from "./outcome.ts";
import { prepare, type Wanted } from "./prepare.ts";
import { send } from "./sending.ts";
import { keepAtSignals } from "./signals.ts";

export async function compose(context: ComposeContext, draft: Draft): Promise<ComposeResult> {
  const autosave = context.terminal.inputIsTerminal ? Autosave.start(context.config) : undefined;
  try {
    const { safe, ...result } = await composed(context, draft, autosave);
    if (safe) autosave?.drop();
    return result;
  } finally {
    autosave?.end(draft);
    draft.body.close();
  }
}

/** Once: a hangup comes as a signal and as a failing read or write of the terminal. */
function keeping({ config, terminal }: ComposeContext, draft: Draft): () => Promise<string | undefined> {
  let kept: Promise<string | undefined> | undefined;
  return () => {
    kept ??= Promise.resolve(draft.whole?.() ?? draft.body).then((text) => toDeadLetter(config, terminal, text));
    return kept;
  };
}

async function composed(context: ComposeContext, draft: Draft, autosave: Autosave | undefined): Promise<Composed> {
  const { terminal } = context;
  const keep = keeping(context, draft);
  const atEase = keepAtSignals(() => {
    if (terminal.begun !== "") draft.body.append(toBytes(`${terminal.begun}\n`));
    autosave?.update(draft);
    return keep();
  }, terminal);
  const typed = () => autosave?.updateSoon(draft);
  try {
    return (await collected(context, draft, typed, keep)) ?? (await finished(context, draft));
  } finally {
    atEase();
  }
}

/** Takes in the text. @returns what became of it when that is all, undefined when it is to be sent */
async function collected(
  context: ComposeContext,
  draft: Draft,
  typed: () => void,
  keep: () => Promise<string | undefined>,
): Promise<Composed | undefined> {
  const { config, terminal, quoting, execute } = context;
  // The interrupts that count are those that come while a line is awaited; between two lines none may end us.
  const unheard = terminal.interactive ? terminal.onInterrupt(() => {}) : () => {};
  try {
    if (context.wanted !== undefined) await prepared(context, draft, context.wanted);
    const how = { ...context.ask, escapes: context.wanted?.escapes === true };
    const ended = await collect({ config, terminal, draft, quoting, execute, typed }, how);
    if (ended === "sent") return undefined;
    if (ended === "dropped") return unsent(Exit.Ok);
    const exit = asBsd(config) ? Exit.Ok : Exit.Failure;
    if (config.settings.text("nosave") !== undefined) return unsent(exit);
    return unsent(exit, (await keep()) !== undefined);
  } catch (error) {
    if (error instanceof MailError && !terminal.interactive) await keepAndSay(context, draft.body);
    else await keep();
    throw error;
  } finally {
    unheard();
  }
}

/** Sends a draft that has its text already. What is not accepted for everyone is kept in dead.letter, and that is said. */
export async function sendDraft(context: ComposeContext, draft: Draft): Promise<ComposeResult> {
  const atEase = keepAtSignals(keeping(context, draft), { interactive: false });
  try {
    const { exit, sent } = await finished(context, draft);
    return { exit, sent };
  } finally {
    atEase();
    draft.body.close();
  }
}

async function finished(context: ComposeContext, draft: Draft): Promise<Composed> {
  const { config, terminal } = context;
  if ((context.skipEmpty || config.settings.get("skipempty")) && draft.body.size === 0) return unsent(Exit.Ok);
  if (draft.appended !== undefined) draft.body.append(draft.appended);
  try {
    if (context.wanted?.header === true) takeHeader(draft);
    addNamedPeople(draft);
    return await send(context, draft);
  } catch (error) {
    if (!(error instanceof Unsendable)) {
      await keepAndSay(context, (await draft.whole?.()) ?? draft.body);
      throw error;
    }
    if (error.quiet) terminal.out(`${error.message}\n`);
    else terminal.err(`mail: ${error.message}\n`);
    if (draft.body.size > 0 && !draft.body.facts.ended) draft.body.append(toBytes("\n"));
    return unsent(error.exit, await keepAndSay(context, draft.body));
  }
}

/** People named by -a are people who get the message, as when a sendmail program reads the header. */
function addNamedPeople(draft: Draft): void {
  for (const { name, value } of draft.fields) {
    const lower = name.toLowerCase();
    if (lower === "to" || lower === "cc" || lower === "bcc") draft[lower].push(...splitAtCommas(value));
    if (lower === "to") draft.shownTo = value;
  }
  draft.fields = draft.fields.filter(({ name }) => !/^(to|cc|bcc)$/i.test(name));
  // A group without members, such as undisclosed-recipients:;
  draft.to = draft.to.filter((item) => item !== draft.shownTo || parseAddresses(item).length > 0);
}

/** What is piped is not lost because of an attachment that is not there. */
async function prepared({ config, terminal }: ComposeContext, draft: Draft, wanted: Wanted): Promise<void> {
  try {
    await prepare(config, draft, wanted);
  } catch (error) {
    if (!terminal.interactive) for await (const piece of terminal.rest()) draft.body.append(piece);
    throw error;
  }
}
