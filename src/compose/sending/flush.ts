/** Sends and lists the queued messages. A message that is refused permanently or is too old is moved to dead.letter. */
import { buffer } from "node:stream/consumers";
import type { Config } from "../../config/config.ts";
import { storeOptions } from "../../config/paths.ts";
import { Exit, type ExitCode, MailError } from "../../errors.ts";
import { appendBytes } from "../../mailbox/append.ts";
import { Queue, type Verdict } from "../../submit/queue.ts";
import { type Entry, isDamaged } from "../../submit/queue-entry.ts";
import { OutcomeUnknown, Unreachable } from "../../submit/submission-errors.ts";
import type { Departure, Outcome, Outgoing, Refusal } from "../../submit/transport.ts";
import { parseWay } from "../../submit/transport-settings.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import { flushCommand, ownQueue, type QueueingProgram, type QueuePlace, type QueuePlaces } from "./queue-place.ts";

interface Context {
  readonly config: Config;
  readonly terminal: Terminal;
  readonly submission: {
    send(departure: Departure, options: { readonly isRetry: true }): Promise<Outcome>;
  };
}

/** A queue that is being flushed. */
interface Flushing extends Context {
  readonly queue: Queue;
  readonly place: QueuePlace;
  readonly program: QueueingProgram;
}

interface FlushOptions {
  /** Restricts the attempt to entries that are due and use this transport. */
  readonly only?: { readonly way: string };
  /** The program's name in messages. */
  readonly program?: QueueingProgram;
  /** The default is the queue in the user's state directory. */
  readonly queues?: QueuePlaces;
}

const day = 24 * 60 * 60 * 1000;

/** Lists the messages in the queues, by default in the queue of `mail`. */
export function listQueue(
  { config, terminal }: Pick<Context, "config" | "terminal">,
  { program = "mail", queues = ownQueue(config) }: Pick<FlushOptions, "program" | "queues"> = {},
): ExitCode {
  const entries = queues.list().flatMap(({ directory }) => new Queue(directory).entries());
  if (entries.length === 0) terminal.out("The queue is empty\n");
  for (const entry of entries) {
    if (isDamaged(entry)) {
      terminal.out(
        `${entry.id}  damaged: ${entry.damaged}\n    ${flushCommand(program)} moves the message to dead.letter\n`,
      );
      continue;
    }
    const { id, created, way, envelope, tries, next, reasons } = entry;
    const times = `${tries} ${tries === 1 ? "attempt" : "attempts"}, next after ${next.slice(0, 19)}Z`;
    terminal.out(`${id}  ${created.slice(0, 19)}Z  from <${envelope.from}> by ${way}; ${times}\n`);
    for (const { recipient, reply } of reasons) terminal.out(`    ${recipient}: ${reply}\n`);
  }
  return Exit.Ok;
}

/**
 * Attempts delivery of queued messages: all of them for `mail --flush`, or those for one server after a message has
 * been sent.
 *
 * @throws MailError if dryrun is set
 * @returns 0 if the queue is empty, 75 if messages remain, or the reason why a message was abandoned
 */
export async function flushQueue(
  context: Context,
  { only, program = "mail", queues = ownQueue(context.config) }: FlushOptions = {},
): Promise<ExitCode> {
  if (only === undefined && context.config.settings.get("dryrun"))
    throw new MailError("--flush: dryrun is set; nothing was sent; use --queue to list the queue", Exit.Usage);
  let exit: ExitCode = Exit.Ok;
  for (const place of queues.list()) {
    const flushed = await flushPlace({ ...context, place, program, queue: new Queue(place.directory) }, only);
    if (exit === Exit.Ok || exit === Exit.TempFail) exit = flushed || exit;
  }
  return exit;
}

async function flushPlace(context: Flushing, only: FlushOptions["only"]): Promise<ExitCode> {
  const { queue, program } = context;
  await queue.clear((id, start) => recoverEntry(context, id, start, "left by a mail process that was killed"));
  let exit: ExitCode = Exit.Ok;
  /** The unreachable transports, each with the number of messages that were not attempted. */
  const closed = new Map<string, number>();
  for (const each of queue.entries()) {
    if (!isDamaged(each)) {
      const { way, next } = each;
      if (only !== undefined && (way !== only.way || Date.parse(next) > Date.now())) continue;
      const waiting = closed.get(way);
      if (waiting !== undefined) {
        closed.set(way, waiting + 1);
        continue;
      }
    }
    await queue.withEntry(each.id, async (entry) => {
      if (isDamaged(entry)) {
        const safe = await recoverEntry(context, entry.id, queue.message(entry), `damaged (${entry.damaged})`);
        if (exit === Exit.Ok) exit = Exit.DataErr;
        return safe ? "done" : { keep: [] };
      }
      const tried = await attemptEntry(context, entry);
      if (tried.closed) closed.set(entry.way, 0);
      if (only === undefined) reportAttempt(context, entry, tried);
      const verdict = await verdictOf(context, entry, tried);
      if (tried.refused.length > 0 && exit === Exit.Ok) exit = tried.refused[0]?.exit ?? exit;
      return verdict;
    });
  }
  for (const [way, count] of closed) {
    if (only === undefined && count > 0)
      context.terminal.err(`${program}: ${count} more in the queue for ${way}, not attempted this time\n`);
  }
  return queue.entries().length > 0 && exit === Exit.Ok ? Exit.TempFail : exit;
}

/**
 * Moves a message to dead.letter because its recipients are unknown. Returns whether the message may be removed from
 * the queue. A `mail` process that was killed may have left the only copy of the message in the queue, without having
 * reported that the message was queued.
 */
async function recoverEntry(
  { config, terminal, place, program }: Flushing,
  id: string,
  start: Outgoing,
  what: string,
): Promise<boolean> {
  if (start.size === 0) return true;
  const path = place.deadLetter;
  try {
    await appendBytes(path, [await buffer(start.open())], storeOptions(config));
  } catch (error) {
    if (!(error instanceof MailError)) throw error;
    terminal.err(`${program}: ${id}: ${error.message}; it stays in the queue\n`);
    return false;
  }
  terminal.err(`${program}: ${id}: ${what}; the available part of the message is in ${path}\n`);
  return true;
}

type Tried = Pick<Outcome, "accepted" | "refused" | "queueId"> & {
  /** Whether the server was unreachable. */
  readonly closed?: boolean;
};

/**
 * The server may have received the message. Another attempt could deliver the message twice, so the user has to decide.
 */
const unsure = { exit: Exit.Unavailable, unknown: true } as const;

async function attemptEntry({ submission, queue }: Flushing, entry: Entry): Promise<Tried> {
  const { way, envelope } = entry;
  const everyone = (reply: string, what: Pick<Refusal, "exit" | "unknown">) =>
    envelope.to.map((recipient) => ({ recipient, reply, ...what }));
  if (queue.isUnsure(entry)) {
    const reply =
      "a flush was killed before the server's reply to the message arrived; the message may have been accepted";
    return { accepted: [], refused: everyone(reply, unsure) };
  }
  try {
    const parsed = parseWay(way);
    if (parsed.kind === "program") {
      const reply = `${way}: a queued message is never passed to a program`;
      return { accepted: [], refused: everyone(reply, { exit: Exit.Config }) };
    }
    const message = await queue.departing(entry);
    const departure = { way: parsed, envelope, message, envelopeSender: envelope.from, verbose: false };
    const outcome = await submission.send(departure, { isRetry: true });
    const refused = outcome.refused.map((each) => (each.unknown === true ? { ...each, ...unsure } : each));
    return { ...outcome, refused };
  } catch (error) {
    if (!(error instanceof MailError)) throw error;
    if (error instanceof OutcomeUnknown) return { accepted: [], refused: everyone(error.message, unsure) };
    const refused = everyone(error.message, { exit: Exit.TempFail });
    return { accepted: [], refused, closed: error instanceof Unreachable };
  }
}

function reportAttempt({ terminal, program }: Flushing, { id }: Entry, { accepted, refused, queueId }: Tried): void {
  const as = queueId === undefined ? "" : `, queued there as ${queueId}`;
  if (accepted.length > 0) terminal.out(`${id}: sent to ${accepted.join(", ")}${as}\n`);
  for (const { recipient, reply, exit } of refused) {
    if (exit === Exit.TempFail) terminal.err(`${program}: ${id}: ${recipient}: ${reply}; still in the queue\n`);
  }
}

async function verdictOf(
  { config, terminal, queue, place, program }: Flushing,
  entry: Entry,
  { refused }: Tried,
): Promise<Verdict> {
  const old = Date.now() - Date.parse(entry.created) > config.settings.get("queueage") * day;
  const keep = refused.filter(({ exit }) => exit === Exit.TempFail && !old);
  const over = refused.filter((each) => !keep.includes(each));
  if (over.length > 0) {
    try {
      const path = await moveToDeadLetter(config, queue, place.deadLetter, entry, over);
      for (const { recipient, reply } of over) terminal.err(`${program}: ${entry.id}: ${recipient}: ${reply}\n`);
      terminal.err(
        `mail: ${entry.id}: abandoned${old ? " because it waited too long" : ""}; the message is in ${path}\n`,
      );
    } catch (error) {
      if (!(error instanceof MailError)) throw error;
      terminal.err(`${program}: ${entry.id}: ${error.message}; it stays in the queue\n`);
      return { keep: refused };
    }
  }
  return keep.length === 0 ? "done" : { keep };
}

/** Appends a message to dead.letter, preceded by the reasons as header fields. Returns the path. */
async function moveToDeadLetter(
  config: Config,
  queue: Queue,
  path: string,
  entry: Entry,
  over: readonly Refusal[],
): Promise<string> {
  const reasons = over.map(
    ({ recipient, reply }) => `X-Not-Delivered: ${recipient}: ${reply.replace(/[\r\n]/g, " ")}\n`,
  );
  const bytes = await buffer(queue.message(entry).open());
  await appendBytes(path, [Buffer.from(reasons.join("")), bytes], storeOptions(config));
  return path;
}
