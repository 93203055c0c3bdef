/**
 * Performs an action on messages with a single command such as `mail --delete id:ID`, without a session.
 *
 * The messages are selected once. If another program changes the mailbox before it is locked, the messages are located
 * again by their ids, so that the action never affects other messages.
 */
import { statSync } from "node:fs";
import { resolve } from "node:path";
import type { CommandLine, RequestedAct } from "../cli/command-line.ts";
import { expandFileName } from "../config/paths.ts";
import { Exit, type ExitCode, MailError } from "../errors.ts";
import { MailboxChanged, MessagesGone, MessagesMoved, MessageUnreadable } from "../mailbox/mailbox-errors.ts";
import { areSameFolder } from "../mailbox/server-address.ts";
import { isServerAddress } from "../message/server-name.ts";
import type { Folder, Session } from "../read/session/session.ts";
import { type ActResult, printResults } from "./act-result.ts";
import { openForAct } from "./open-for-act.ts";
import { locateSelected, makeGoneError, makeNoMatchError, type Selection, selectForAct } from "./select.ts";
import type { Ended, Located, Work } from "./work.ts";

/** The actions that either succeed completely or have no effect, and can therefore be retried after a failure. */
const repeatable: ReadonlySet<RequestedAct["kind"]> = new Set(["delete", "move", "copy", "mark"] as const);

/** The maximum number of times that the mailbox is opened if other programs keep changing it. */
const mostTries = 5;

/** Runs an action and prints its results. @throws MailError */
export async function runAct(session: Session, given: CommandLine, act: RequestedAct): Promise<ExitCode> {
  const to = targetOf(session, act);
  let selection: Selection | undefined;
  for (let tries = 1; ; tries++) {
    const folder = await openForAct(session, given);
    session.folder = folder;
    try {
      selection ??= await selectForAct(session, folder, listSelectors(given, act), {
        kind: act.kind,
        atMost: given.atMost,
      });
      return await runOnSelection(session, given, act, { folder, selection, to });
    } catch (error) {
      if (!repeatable.has(act.kind) || !isOutdated(error) || tries >= mostTries) throw error;
    } finally {
      await folder?.mailbox.close();
    }
  }
}

async function runOnSelection(
  session: Session,
  given: CommandLine,
  act: RequestedAct,
  { folder, selection, to }: { folder: Folder | undefined; selection: Selection; to: string | null },
): Promise<ExitCode> {
  const all = await locateSelected(folder, selection);
  const selected = all.filter((each): each is Located => each.message !== undefined);
  const gone = all.flatMap(({ id, message }) => (message === undefined ? [id] : []));
  const print = (results: readonly ActResult[]) => {
    session.terminal.beginResult?.();
    if (act.kind !== "part") printResults(session.terminal, act.kind, results, given.json);
  };
  const describe = (ids: readonly string[], reason: string) =>
    ids.map((id): ActResult => ({ id, done: false, reason, to }));
  const ids = selected.map(({ id }) => id);
  if (gone.length > 0 && (selection.isById || ids.length === 0)) {
    print([...describe(gone, "gone"), ...describe(ids, "not attempted")]);
    throw makeGoneError(gone);
  }
  if (folder === undefined || ids.length === 0) throw makeNoMatchError();
  refuseOwnMailbox(folder, act, to);
  const perform = await loadAct(act);
  const isDryRun = session.config.settings.get("dryrun");
  const { results, exit } = await perform({ session, folder, given, selected, to, isDryRun });
  print([...describe(gone, "gone"), ...results]);
  return exit;
}

/** Returns the arguments that select the messages. */
function listSelectors({ file, words }: CommandLine, act: RequestedAct): readonly string[] {
  if (act.kind === "reply" || act.kind === "forward") return [asIdTerm(act.id)];
  const rest = words.slice(file ? 1 : 0);
  return act.kind === "part" ? rest.map(asIdTerm) : rest;
}

/** Returns the query term for an id, which may be given with or without `id:`. */
function asIdTerm(id: string): string {
  return id.startsWith("id:") ? id : `id:${id}`;
}

/**
 * Returns the absolute path of the target folder or directory, or the requested mark.
 *
 * @throws MailError for a missing directory
 */
function targetOf(session: Session, act: RequestedAct): string | null {
  if (act.kind === "mark") return act.state;
  if (act.kind !== "move" && act.kind !== "copy" && act.kind !== "save-parts") return null;
  const expanded = expandFileName(session, act.to);
  if (expanded === "")
    throw new MailError(`--${act.kind}: the name is empty; nothing was changed`, Exit.Usage, {
      reason: "usage",
    });
  const path = isServerAddress(expanded) ? expanded : resolve(expanded);
  if (act.kind === "save-parts" && !directoryExists(path)) {
    throw new MailError(`${act.to}: not a directory; nothing was saved`, Exit.CantCreate, {
      reason: "not a directory",
    });
  }
  return path;
}

function directoryExists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** Refuses to move or copy messages to the mailbox that contains them. */
function refuseOwnMailbox({ mailbox }: Folder, { kind }: RequestedAct, to: string | null): void {
  if ((kind !== "move" && kind !== "copy") || to === null || !isSameMailbox(to, mailbox.path)) return;
  throw new MailError(`${to}: the messages are already in this folder; nothing was changed`, Exit.Usage, {
    reason: "same folder",
  });
}

function isSameMailbox(one: string, other: string): boolean {
  if (isServerAddress(one) !== isServerAddress(other)) return false;
  if (isServerAddress(one)) return areSameFolder(one, other);
  const [first, second] = [one, other].map((path) => statSync(path, { throwIfNoEntry: false }));
  return first !== undefined && first.ino === second?.ino && first.dev === second.dev;
}

async function loadAct(act: RequestedAct): Promise<(work: Work) => Promise<Ended>> {
  switch (act.kind) {
    case "resend":
    case "reply":
    case "forward": {
      const { sendMessages } = await import("./send-messages.ts");
      return (work) => sendMessages(work, act);
    }
    case "part": {
      const { printPart } = await import("./act-on-parts.ts");
      return (work) => printPart(work, act.number);
    }
    case "save-parts": {
      const { saveAttachments } = await import("./act-on-parts.ts");
      return saveAttachments;
    }
    default: {
      const { changeMessages } = await import("./change-messages.ts");
      return (work) => changeMessages(work, act);
    }
  }
}

/**
 * Returns whether an error means that another program has changed the mailbox. Nothing was done, so the mailbox can be
 * opened again.
 */
function isOutdated(error: unknown): boolean {
  return (
    error instanceof MessagesGone ||
    error instanceof MessagesMoved ||
    error instanceof MailboxChanged ||
    error instanceof MessageUnreadable
  );
}
