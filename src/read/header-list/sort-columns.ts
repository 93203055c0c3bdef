/** The values by which messages are sorted. The values are read from the headers once, in large reads, and cached. */
import type { Mailbox } from "../../mailbox/mailbox.ts";
import { Candidate } from "../query/candidate.ts";
import { foldText } from "../query/fold.ts";

const columns = {
  /** In milliseconds. A message without a date is sorted as the oldest. */
  date: (candidate: Candidate) => candidate.time ?? Number.NEGATIVE_INFINITY,
  /** The name as displayed, or the address if there is no name. */
  from: (candidate: Candidate) => {
    const named = /^\s*"?([^"<]*[^"<\s])"?\s*</.exec(candidate.decode(candidate.storedFields("from")[0] ?? ""));
    return foldText(named?.[1] ?? candidate.sender);
  },
  subject: (candidate: Candidate) => bareSubject(candidate.decode(candidate.storedFields("subject")[0] ?? "")),
  /** All data from which threads are built. The data is a single value, so that each header is read only once. */
  threading: (candidate: Candidate) => ({ ids: idsOf(candidate), date: columns.date(candidate) }),
};

const mostReferences = 100;

/** Returns the message's own Message-ID, followed by the Message-IDs to which the message refers, nearest last. */
function idsOf(candidate: Candidate): readonly string[] {
  const own = firstId(candidate.storedFields("message-id")[0]) ?? "";
  const referring = candidate.storedFields("references");
  const references = referring.length === 0 ? null : referring.join(" ").match(/<[^<>\s]+>/g);
  if (references !== null) return [own, ...references.slice(-mostReferences)];
  // In-Reply-To is used only if References is missing.
  const answered = firstId(candidate.storedFields("in-reply-to")[0]);
  return answered === undefined ? [own] : [own, answered];
}

function firstId(text = ""): string | undefined {
  return /^<[^<>\s]+>$/.test(text) ? text : /<[^<>\s]+>/.exec(text)?.[0];
}

const replyPrefixes = /^(?:\s*(?:re|aw|fwd?|wg|sv|antw)(?:\[\d+\])?\s*:)+\s*/i;

/** Returns a subject without reply and forward prefixes. Prefixes after a mailing list's tag are also removed. */
export function bareSubject(subject: string): string {
  const bare = subject.replace(replyPrefixes, "").trim();
  const [, tag = "", rest = bare] = /^(\[[^\]]{1,50}\] *)(.*)$/s.exec(bare) ?? [];
  return foldText(tag + rest.replace(replyPrefixes, "")).replace(/\s+/g, " ");
}

type Columns = { [Name in keyof typeof columns]?: ReturnType<(typeof columns)[Name]>[] };

const known = new WeakMap<Mailbox, Columns>();

/**
 * Returns a value for each message; that of the first message is at index 0.
 *
 * @param pause called and awaited regularly, with the number of the last message read; may throw to interrupt the work
 */
export async function columnOf<Name extends keyof typeof columns>(
  mailbox: Mailbox,
  name: Name,
  pause: (message: number) => Promise<void>,
): Promise<readonly ReturnType<(typeof columns)[Name]>[]> {
  const kept: Columns = known.get(mailbox) ?? {};
  known.set(mailbox, kept);
  const values = (kept[name] ?? []) as ReturnType<(typeof columns)[Name]>[];
  const read = columns[name] as (candidate: Candidate) => ReturnType<(typeof columns)[Name]>;
  const unread = Array.from({ length: mailbox.count - values.length }, (_, index) => values.length + index + 1);
  for await (const { messages, stored } of mailbox.openMessages(unread, "facts")) {
    for (const message of messages) {
      values.push(read(new Candidate(stored, message)));
      if (message % 4096 === 0) await pause(message);
    }
  }
  Object.assign(kept, { [name]: values });
  return values;
}

/** Returns all messages sorted by size; messages of equal size are in ascending order of their numbers. */
export async function sortBySize(mailbox: Mailbox, isDescending: boolean): Promise<readonly number[]> {
  const sorted = await mailbox.sortBySize?.(isDescending);
  if (sorted !== undefined) return sorted;
  const everyone = Array.from({ length: mailbox.count }, (_, index) => index + 1);
  const sizes: number[] = [];
  for await (const { messages, stored } of mailbox.openMessages(everyone, "facts"))
    for (const message of messages) sizes.push(stored.size(message));
  return sortByValues(everyone, sizes, isDescending);
}

/**
 * Returns messages sorted by their values; those with equal values are in ascending order.
 *
 * @param values the values of all messages
 */
export function sortByValues(
  messages: readonly number[],
  values: readonly (number | string)[],
  isDescending: boolean,
): number[] {
  const sign = isDescending ? -1 : 1;
  return [...messages].sort((a, b) => {
    const [first = 0, second = 0] = [values[a - 1], values[b - 1]];
    return first < second ? -sign : first > second ? sign : a - b;
  });
}
