/**
 * Checks, before a commit, whether the locked file is still the file that the session read, and finds the session's
 * messages in it.
 */

import { Flag } from "../mailbox.ts";
import { MailboxChanged } from "../mailbox-errors.ts";
import { type FileState, sameState, stateOf } from "./file-state.ts";
import { MboxFile } from "./mbox-file.ts";
import { hasSwallowed, isGrown, reconcileMessages } from "./reconcile.ts";
import type { Identities } from "./remembered-messages.ts";
import { scanMessages } from "./scan.ts";

/** The file as the session knows it. */
export interface Known {
  readonly path: string;
  readonly file: MboxFile;
  /** The file's state when it was last checked. */
  readonly seen: FileState | undefined;
  readonly identities: Identities;
}

/** The session's number for each message that the file contains at the time of the commit. */
export interface Numbering {
  /** Returns a message's number in the session; 0 if the session has not changed the message. */
  readonly known: (message: number) => number;
  readonly arrived: number;
  readonly notice?: string;
}

export interface Found {
  readonly numbering: Numbering;
  /** Whether another program has moved or removed messages, so that the session's numbers no longer apply to the file. */
  readonly isMerged: boolean;
  /**
   * The current file with the session's flags. This is the session's own MboxFile object if no program has written to
   * the file.
   */
  readonly file: MboxFile;
  readonly state: FileState;
  /** The offset that scan.ts returned; undefined if no program has written to the file. */
  readonly undecided?: number | undefined;
}

/**
 * Checks the locked file before a commit.
 *
 * @param descriptor the locked file to which the path now leads
 * @throws MailboxChanged if the file has been replaced or changed in a way that cannot be merged
 */
export async function checkBeforeCommit(
  known: Known,
  descriptor: number,
  signal: AbortSignal | undefined,
): Promise<Found> {
  const { file: before, seen } = known;
  const state = stateOf(descriptor);
  const ours = descriptor === before.descriptor;
  if (ours && seen !== undefined && sameState(state, seen))
    return { numbering: { known: (message) => message, arrived: 0 }, isMerged: false, file: before, state };
  const now = new MboxFile(descriptor);
  const { undecided } = await scanMessages(descriptor, 0, state.size, now.index, { signal });
  now.covered = state.size;
  if (ours && isGrown(before, now, known.identities.byMessage))
    return { numbering: continueNumbering(before, now), isMerged: false, file: now, state, undecided };
  return { numbering: mergeNumbering(known, now), isMerged: true, file: now, state, undecided };
}

function continueNumbering(before: MboxFile, now: MboxFile): Numbering {
  const known = before.count;
  for (let message = 1; message <= known; message++) now.index.setFlags(message, before.index.flags(message));
  for (const [message, bytes] of before.replaced) now.replaced.set(message, bytes);
  const isOpen = known > 0 && hasUnseenRest(now, known, before.end(known));
  if (isOpen) now.replaced.delete(known);
  const last = isOpen ? known - 1 : known;
  return { known: (message) => (message <= last ? message : 0), arrived: now.count - known };
}

/**
 * Returns whether another program has appended bytes to a message after the session saved or edited it.
 *
 * @param oldEnd the offset at which the message ended when the session saved or edited it
 */
export function hasUnseenRest(file: MboxFile, message: number, oldEnd: number): boolean {
  if (file.end(message) <= oldEnd) return false;
  const isSaved = (file.index.flags(message) & Flag.Saved) !== 0;
  return isSaved || file.replaced.has(message) || hasSwallowed(file, message, oldEnd);
}

function mergeNumbering({ path, file: before, identities }: Known, now: MboxFile): Numbering {
  const found = identities.areComplete ? reconcileMessages(before, now, identities.byMessage) : undefined;
  if (found === undefined) throw new MailboxChanged(path);
  for (const [at, old] of found.known.entries()) if (old > 0) now.index.setFlags(at + 1, before.index.flags(old));
  const gone = found.gone > 0 ? `; changed messages that no longer exist: ${found.gone}` : "";
  return {
    known: (message) => found.known[message - 1] ?? 0,
    arrived: 0,
    notice: `${path}: changed by another program during the session; this session's changes were merged${gone}`,
  };
}
