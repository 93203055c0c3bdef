/** Describes changes in a few words: `3 deletions and 2 reads`. */
import { Flag } from "../../mailbox/mailbox.ts";
import type { Change } from "./pending.ts";

/** The kinds of change. A change is counted under the first kind that matches. */
const kinds: readonly [one: string, several: string, flag: number, set: boolean][] = [
  ["deletion", "deletions", Flag.Deleted, true],
  ["undeletion", "undeletions", Flag.Deleted, false],
  ["save", "saves", Flag.Saved, true],
  ["hold", "holds", Flag.Preserved, true],
  ["mark for mbox", "marks for mbox", Flag.ToMbox, true],
  ["flag", "flags", Flag.Flagged, true],
  ["removed flag", "removed flags", Flag.Unflagged, true],
  ["answered mark", "answered marks", Flag.Answered, true],
  ["forwarded mark", "forwarded marks", Flag.Forwarded, true],
  ["draft mark", "draft marks", Flag.Draft, true],
  ["read", "reads", Flag.Read, true],
  ["new mark", "new marks", Flag.New, true],
  ["unread mark", "unread marks", Flag.Read, false],
  ["touch", "touches", Flag.Touched, true],
];

/** Returns a description of the changes, such as `3 deletions and 2 reads`. */
export function describeChanges(changes: Iterable<Pick<Change, "before" | "after">>): string {
  const counts = kinds.map(() => 0);
  let others = 0;
  for (const { before, after } of changes) {
    const kind = kinds.findIndex(
      ([, , flag, set]) => ((before ^ after) & flag) !== 0 && ((after & flag) !== 0) === set,
    );
    if (kind < 0) others++;
    else counts[kind] = (counts[kind] ?? 0) + 1;
  }
  const words = kinds.flatMap(([one, several], kind) => countOf(counts[kind] ?? 0, one, several));
  return inWords([...words, ...countOf(others, "other mark", "other marks")]);
}

function countOf(count: number, one: string, several: string): string[] {
  return count === 0 ? [] : [`${count} ${count === 1 ? one : several}`];
}

function inWords(words: readonly string[]): string {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}
