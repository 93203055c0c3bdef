/** What messages are sorted by, read from their headers once, by large reads, and kept for the next time. */
import type { Mailbox } from "../../mailbox/mailbox.ts";
import { messagePieces } from "../../mailbox/pieces.ts";
import { decodeWords } from "../../message/decode-words.ts";
import { fieldValues } from "../../message/field-values.ts";
import { Candidate } from "../query/candidate.ts";
import { fold } from "../query/fold.ts";

const columns = {
  /** Milliseconds; what has no date is the oldest. */
  date: (candidate: Candidate) => candidate.date?.getTime() ?? Number.NEGATIVE_INFINITY,
  /** The name if there is one, as it is listed by people; else the address. */
  from: ({ header, sender }: Candidate) => {
    const named = /^\s*"?([^"<]*[^"<\s])"?\s*</.exec(decodeWords(fieldValues(header, "from")[0] ?? ""));
    return fold(named?.[1] ?? sender);
  },
  subject: ({ header }: Candidate) => bareSubject(decodeWords(fieldValues(header, "subject")[0] ?? "")),
  /** The message's own id, then those it answers, the nearest last. */
  ids: ({ header }: Candidate): readonly string[] => {
    const [own = ""] = idsIn(fieldValues(header, "message-id")[0] ?? "");
    const references = idsIn(fieldValues(header, "references").join(" "));
    const answered = idsIn(fieldValues(header, "in-reply-to")[0] ?? "");
    // In-Reply-To may name what References lacks; it is the nearest only where References says nothing.
    return [own, ...(references.length > 0 ? references.slice(-mostReferences) : answered.slice(0, 1))];
  },
};

const mostReferences = 100;

function idsIn(text: string): string[] {
  return text.match(/<[^<>\s]+>/g) ?? [];
}

/** Without what answers and forwards put in front. */
export function bareSubject(subject: string): string {
  return fold(subject.replace(/^(?:\s*(?:re|aw|fwd?|wg|sv|antw)(?:\[\d+\])?\s*:)+/i, "").trim());
}

type Columns = { [Name in keyof typeof columns]?: ReturnType<(typeof columns)[Name]>[] };

const known = new WeakMap<Mailbox, Columns>();

/**
 * Returns a value for each message, the first at index 0.
 *
 * @param pause awaited now and then with the message that was read; ends the work by throwing
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
  const missing: number[] = [];
  for (let message = values.length + 1; message <= mailbox.count; message++) missing.push(message);
  for (const { message, bytes } of messagePieces(mailbox, missing, "header")) {
    values.push(read(new Candidate(mailbox, message, bytes)));
    if (message % 4096 === 0) await pause(message);
  }
  Object.assign(kept, { [name]: values });
  return values;
}
