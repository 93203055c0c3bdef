/** The values by which messages are sorted. The values are read from the headers once, in large reads, and cached. */
import type { Mailbox } from "../../mailbox/mailbox.ts";
import { Candidate } from "../query/candidate.ts";
import { foldText } from "../query/fold.ts";
import { Forest } from "./threads.ts";

const columns = {
  /** In milliseconds. A message without a date is sorted as the oldest. */
  date: (candidate: Candidate) => candidate.time ?? Number.NEGATIVE_INFINITY,
  /** The name as displayed, or the address if there is no name. */
  from: (candidate: Candidate) => {
    const named = /^\s*"?([^"<]*[^"<\s])"?\s*</.exec(candidate.decode(candidate.firstStoredField("from")));
    return foldText(named?.[1] ?? candidate.sender);
  },
  subject: (candidate: Candidate) => bareSubject(candidate.decode(candidate.firstStoredField("subject"))),
} as const;

const replyPrefixes = /^(?:\s*(?:re|aw|fwd?|wg|sv|antw)(?:\[\d+\])?\s*:)+\s*/i;

/** Returns a subject without reply and forward prefixes. Prefixes after a mailing list's tag are also removed. */
export function bareSubject(subject: string): string {
  const bare = subject.replace(replyPrefixes, "").trim();
  const [, tag = "", rest = bare] = /^(\[[^\]]{1,50}\] *)(.*)$/s.exec(bare) ?? [];
  const folded = foldText(tag + rest.replace(replyPrefixes, ""));
  // Most subjects contain only single spaces. The test takes less time than the replacement.
  return /\s\s|[^\S ]/.test(folded) ? folded.replace(/\s+/g, " ") : folded;
}

/** Returns the value by which a message is sorted. */
export function readSortKey(name: "from" | "subject", candidate: Candidate): string {
  return columns[name](candidate);
}

/** The values of all messages, by column name. */
type Columns = { [Name in keyof typeof columns]?: ReturnType<(typeof columns)[Name]>[] };

const known = new WeakMap<Mailbox, Columns>();

/** Called and awaited regularly, with the number of the last message read. May throw to interrupt the work. */
export type Pause = (message: number) => Promise<void>;

/** Returns a value for each message; that of the first message is at index 0. */
export async function columnOf<Name extends keyof typeof columns>(
  mailbox: Mailbox,
  name: Name,
  pause: Pause,
): Promise<readonly ReturnType<(typeof columns)[Name]>[]> {
  const kept: Columns = known.get(mailbox) ?? {};
  known.set(mailbox, kept);
  const values = (kept[name] ?? []) as ReturnType<(typeof columns)[Name]>[];
  const read = columns[name] as (candidate: Candidate) => ReturnType<(typeof columns)[Name]>;
  await readNewMessages(mailbox, values.length, pause, (candidate) => values.push(read(candidate)));
  Object.assign(kept, { [name]: values });
  return values;
}

const forests = new WeakMap<Mailbox, Forest>();

/** Returns the messages from which threads are built. */
export async function readForest(mailbox: Mailbox, pause: Pause): Promise<Forest> {
  const forest = forests.get(mailbox) ?? new Forest();
  await readNewMessages(mailbox, forest.messageCount, pause, (candidate) =>
    forest.addMessage(readOwnId(candidate), readReferences(candidate), columns.date(candidate)),
  );
  forests.set(mailbox, forest);
  return forest;
}

/** Calls a function for each message after the first `count` messages, with the message's facts or header. */
async function readNewMessages(
  mailbox: Mailbox,
  count: number,
  pause: Pause,
  read: (candidate: Candidate) => void,
): Promise<void> {
  for await (const { messages, stored } of mailbox.openMessages(listMessages(mailbox, count), "facts")) {
    for (const message of messages) {
      read(new Candidate(stored, message));
      if (message % 4096 === 0) await pause(message);
    }
  }
}

const mostReferences = 100;

/** Returns the message's own Message-ID, or an empty string if it has none. */
function readOwnId(candidate: Candidate): string {
  return firstId(candidate.firstStoredField("message-id")) ?? "";
}

/** Returns the Message-IDs to which the message refers. The last Message-ID belongs to the message's parent. */
function readReferences(candidate: Candidate): readonly string[] {
  const references = candidate.storedText("references").match(/<[^<>\s]+>/g);
  if (references !== null) return references.slice(-mostReferences);
  // In-Reply-To is used only if References is missing.
  const answered = firstId(candidate.firstStoredField("in-reply-to"));
  return answered === undefined ? [] : [answered];
}

function firstId(text: string): string | undefined {
  return /^<[^<>\s]+>$/.test(text) ? text : /<[^<>\s]+>/.exec(text)?.[0];
}

/** Returns the numbers of all messages after the first `count` messages, ascending. */
export function listMessages(mailbox: Mailbox, count = 0): number[] {
  const messages: number[] = [];
  for (let message = count + 1; message <= mailbox.count; message++) messages.push(message);
  return messages;
}
