/** Performs the actions on message parts: --part and --save-parts. */
import { Exit, type ExitCode, MailError } from "../errors.ts";
import { openMessage } from "../mailbox/windows.ts";
import { partsOf, planPart, savePart } from "../read/show/part-files.ts";
import type { ActResult } from "./act-result.ts";
import { dryRun } from "./submission-result.ts";
import { type Ended, reportOne, type Work } from "./work.ts";

/** Writes the decoded content of a part to standard output. @throws MailError if the message has no such part */
export async function printPart({ session, folder, selected }: Work, number: string): Promise<Ended> {
  const { decodeInPieces } = await import("../message/view/transfer-decoding.ts");
  const { terminal } = session;
  for (const { id, message } of selected.slice(0, 1)) {
    await openMessage(folder.mailbox, message, "text", async (stored) => {
      const parts = await partsOf(stored, message, number).catch((error) => {
        throw describeMissingPart(error, id, number);
      });
      terminal.beginResult?.();
      for (const part of parts) {
        for (const piece of decodeInPieces(part)) {
          terminal.out(piece);
          await terminal.flush();
        }
      }
    });
  }
  return { results: [], exit: Exit.Ok };
}

function describeMissingPart(error: unknown, id: string, number: string): unknown {
  if (!(error instanceof MailError && error.reason === "no such part")) return error;
  return new MailError(`${id}: no part ${number}; mail --show --json id:${id} lists the parts`, error.exit, {
    cause: error,
  });
}

/** Saves the messages' attachments in a directory, or reports the files that would be created. A message without attachments is not an error. */
export async function saveAttachments(work: Work): Promise<Ended> {
  const { folder, isDryRun, selected, to } = work;
  const planned = new Set<string>();
  const results: ActResult[] = [];
  let exit: ExitCode = Exit.Ok;
  for (const { id, message } of selected) {
    const files: string[] = [];
    try {
      await openMessage(folder.mailbox, message, "text", async (stored) => {
        for (const part of await attachmentsOf(() => partsOf(stored, message, "all")))
          files.push(isDryRun ? planPart(part, to ?? "", planned) : (await savePart(part, to ?? "")).path);
      });
      results.push({ id, done: !isDryRun, reason: isDryRun ? dryRun : null, to, files });
    } catch (error) {
      // The action must not be repeated, because some files may already have been saved.
      if (!(error instanceof MailError)) throw error;
      results.push({ id, done: false, reason: reportOne(work, error), to, files });
      exit = error.exit;
    }
  }
  return { results, exit };
}

async function attachmentsOf<T>(read: () => Promise<readonly T[]>): Promise<readonly T[]> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof MailError && error.reason === "no attachments") return [];
    throw error;
  }
}
