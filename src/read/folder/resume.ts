/** Restores the unwritten marks of a session that was killed or lost its terminal. */

import { format } from "date-fns/format";
import { storeOptions } from "../../config/paths.ts";
import { UserMistake } from "../../errors.ts";
import { Flag, type MessageWindow } from "../../mailbox/mailbox.ts";
import { messagePieces } from "../../mailbox/pieces.ts";
import { describeChanges } from "../changes/describe-changes.ts";
import { markMessage } from "../changes/mark.ts";
import { findPending, hashOf, type Pending, removePending, type StoredStep } from "../changes/pending.ts";
import type { Folder, Session } from "../session/session.ts";

interface Resumable {
  readonly left: readonly Pending[];
  /** The steps, with the current numbers of the messages that still exist. */
  readonly steps: readonly { line: string; changes: readonly { message: number; set: number; clear: number }[] }[];
  /** The number of changes. */
  readonly count: number;
  readonly inWords: string;
}

/** Reports pending changes, and in an interactive session asks whether to restore them. */
export async function offerResume(session: Session): Promise<void> {
  const { folder, terminal, program } = session;
  if (folder === undefined) return;
  const found = await findResumable(session, folder);
  if (found === undefined) return;
  const ended = format(found.left.at(-1)?.ended ?? new Date(), "EEE MMM d HH:mm");
  const one = found.count === 1;
  const what = `${found.inWords} from a session that ended at ${ended} ${one ? "was" : "were"} not written`;
  // With -I, lines from a pipe are commands and cannot answer the question.
  if (!terminal.interactive || !terminal.inputIsTerminal) {
    terminal.err(`${program}: ${what}; the resume command restores ${one ? "it" : "them"}\n`);
    return;
  }
  terminal.out(`${what}.\n`);
  const answer = await terminal.readLine("Restore the changes? [y]es, [n]o, Enter for later: ", "answer");
  const letter = answer.kind === "line" ? answer.text.trim().charAt(0).toLowerCase() : "";
  if (letter === "y") await takeUpSteps(session, folder, found);
  else if (letter === "n") for (const pending of found.left) removePending(pending);
}

/** Runs the resume command. @throws UserMistake if no changes are pending */
export async function resumeChanges(session: Session): Promise<void> {
  const { folder } = session;
  const found = folder === undefined ? undefined : await findResumable(session, folder);
  if (folder === undefined || found === undefined) throw new UserMistake("Nothing to resume");
  await takeUpSteps(session, folder, found);
}

async function findResumable(session: Session, folder: Folder): Promise<Resumable | undefined> {
  const left = findPending(storeOptions(session.config).stateDirectory, folder.mailbox.path);
  if (left.length === 0) return undefined;
  const steps = await locateMessages(
    folder,
    left.flatMap((pending) => pending.steps),
  );
  const changes = netChanges(folder, steps);
  if (changes.length > 0) return { left, steps, count: changes.length, inWords: describeChanges(changes) };
  // The messages have been removed, or already have the pending state.
  for (const pending of left) removePending(pending);
  return undefined;
}

/**
 * Finds messages by their keys if the keys are unique. Otherwise finds each message by its offset or, if the mailbox
 * has been rewritten, by its header.
 */
async function locateMessages({ mailbox }: Folder, steps: readonly StoredStep[]): Promise<Resumable["steps"]> {
  const numbers = Array.from({ length: mailbox.count }, (_, index) => index + 1);
  const wanted = new Map<string, Wanted>();
  for (const [offset, hash] of steps.flatMap(({ changes }) => changes))
    wanted.set(`${offset} ${hash}`, { offset, hash });
  if (!mailbox.isKeyedByContent) {
    const byKey = new Map(numbers.map((message) => [mailbox.key(message), message]));
    for (const one of wanted.values()) {
      const message = byKey.get(one.hash);
      if (message !== undefined) one.message = message;
    }
  } else {
    for await (const window of mailbox.openMessages(numbers, "header")) locateInWindow(window, [...wanted.values()]);
  }
  return steps.map(({ line, changes }) => ({
    line,
    changes: changes.flatMap(([offset, hash, before, after]) => {
      const message = wanted.get(`${offset} ${hash}`)?.message;
      return message === undefined ? [] : [{ message, set: after & ~before, clear: before & ~after }];
    }),
  }));
}

/** A message that a step changed. */
interface Wanted {
  readonly offset: number;
  readonly hash: string;
  /** The message's current number, once the message has been found. */
  message?: number;
}

function locateInWindow({ messages, stored }: MessageWindow, wanted: readonly Wanted[]): void {
  const byOffset = new Map(messages.map((message) => [stored.offset?.(message) ?? -1, message]));
  const missing = new Map<string, Wanted[]>();
  const taken = new Set<number>();
  for (const one of wanted) {
    if (one.message !== undefined) continue;
    const message = byOffset.get(one.offset);
    if (message !== undefined && one.offset >= 0 && hashOf(stored.header(message)) === one.hash) {
      one.message = message;
      taken.add(message);
    } else missing.set(one.hash, [...(missing.get(one.hash) ?? []), one]);
  }
  if (missing.size === 0) return;
  for (const { message, bytes } of messagePieces(stored, messages, "header")) {
    if (taken.has(message)) continue;
    const one = missing.get(hashOf(bytes))?.shift();
    if (one !== undefined) one.message = message;
  }
}

/** Returns the changes that all steps together would make to the mailbox's current state. */
function netChanges({ mailbox }: Folder, steps: Resumable["steps"]): { before: number; after: number }[] {
  const states = new Map<number, number>();
  for (const { changes } of steps) {
    for (const { message, set, clear } of changes)
      states.set(message, ((states.get(message) ?? mailbox.flags(message)) & ~clear) | set);
  }
  const net = [...states].map(([message, after]) => ({ before: mailbox.flags(message), after }));
  return net.filter(({ before, after }) => {
    // If a crash interrupted the commit, the read state may already have been written. In that case only the touched
    // mark is missing, which is not considered a change.
    const quiet = Flag.New | Flag.StatusChanged | (after & before & Flag.Read ? Flag.Touched : 0);
    return ((before ^ after) & ~quiet) !== 0;
  });
}

async function takeUpSteps(session: Session, folder: Folder, { left, steps, inWords }: Resumable): Promise<void> {
  for (const { line, changes } of steps) {
    for (const { message, set, clear } of changes) markMessage(folder, message, set, clear);
    await folder.history.close(line, folder.current, session.terminal.interactive);
  }
  folder.isQuitRepeated = true;
  await folder.history.keep();
  for (const pending of left) removePending(pending);
  session.terminal.out(`Resumed: ${inWords}\n`);
}
