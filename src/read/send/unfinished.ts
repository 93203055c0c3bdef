/**
 * Finds messages that were being typed when a crash or a power failure interrupted `mail`. The next `mail` on a
 * terminal offers to continue these messages.
 */
import { existsSync } from "node:fs";
import { compose } from "../../compose/compose.ts";
import { emptyDraft } from "../../compose/draft/draft.ts";
import { formatAsctime } from "../../mailbox/from-line.ts";
import type { Session } from "../session/session.ts";
import { composeContext } from "./compose-context.ts";

/** Returns whether an attachment still exists. A pipe's contents, or a removed file, cannot be attached again. */
function isThere({ terminal }: Session, path: string): boolean {
  const there = existsSync(path) && !/^\/(dev|proc)\//.test(path);
  if (!there) terminal.err(`mail: ${path}: no longer exists; not attached\n`);
  return there;
}

/** On a terminal, offers to continue messages that a killed `mail` left unfinished. */
export async function offerUnfinished(session: Session): Promise<void> {
  const { terminal, config } = session;
  if (!terminal.inputIsTerminal || !terminal.outputIsTerminal) return;
  // A continued message is either sent or saved again. A dry run must not change anything on the disk, so it offers no
  // message.
  if (config.settings.get("dryrun")) return;
  const { forgetUnfinished: forget, findUnfinished: unfinished } = await import("../../compose/unsent/autosave.ts");
  for (const found of unfinished(config)) {
    const lines = found.text.toString("latin1").split("\n").length - 1;
    const about = found.subject === undefined ? "" : `, "${found.subject}",`;
    terminal.out(
      `A message to ${found.to.join(", ")}${about} was interrupted at line ${lines} on ${formatAsctime(found.date)}.\n`,
      "hint",
    );
    const answer = await terminal.readLine(
      "Continue it now (y), delete it (d), or keep it for later (Enter)? ",
      "answer",
    );
    const word = answer.kind === "line" ? answer.text.trim().toLowerCase().charAt(0) : "";
    if (word === "d") forget(found);
    if (word !== "y") continue;
    if (!existsSync(found.path)) {
      terminal.err("mail: another mail process is already continuing it\n");
      continue;
    }
    const draft = emptyDraft();
    const { path: _path, text, date: _date, attachments, ...fields } = found;
    Object.assign(draft, fields);
    draft.body.append(text);
    terminal.out(text);
    terminal.out("(continue)\n");
    const wanted = {
      attach: attachments.filter(({ path }) => isThere(session, path)),
      quoteFile: undefined,
      header: false,
    };
    await compose({ ...composeContext(session, { subject: false }), wanted }, draft, { continued: found });
  }
}
