/** Copies of a message for the `record` file, and for files and commands among the recipients. */
import type { Config } from "../../config/config.ts";
import { expandFileName } from "../../config/paths.ts";
import { Exit, MailError, printError } from "../../errors.ts";
import { isServerAddress } from "../../message/server-name.ts";
import type { Refusal } from "../../submit/transport.ts";
import { isSystemError, strerror } from "../../system-error.ts";
import { buildRawMessage } from "../build/build.ts";
import type { Author, Stamp } from "../build/header-fields.ts";
import type { Built } from "../draft/body.ts";
import type { Draft } from "../draft/draft.ts";
import type { Recipients } from "../draft/recipients.ts";
import type { ComposeContext } from "./context.ts";
import { copyForMbox, feedCommand, recordMessage } from "./record.ts";

type Context = Pick<ComposeContext, "config" | "terminal" | "folder" | "accessServer">;

/**
 * Writes the copies. A failure to write the record is reported, but does not prevent sending.
 *
 * @returns the files and commands that did not receive the message
 * @throws the reason for the interrupt
 */
export async function keepCopies(
  context: Context,
  draft: Draft,
  people: Recipients,
  how: {
    /** The value of `record`. */
    readonly record: string | undefined;
    readonly stamp: Stamp;
    readonly author: Author;
    readonly interrupt: AbortSignal;
  },
): Promise<Refusal[]> {
  const { config, terminal } = context;
  const { stamp, author, interrupt } = how;
  const record = recordFile(config.settings, how.record);
  const copyTo = (names: Pick<Recipients, "to" | "cc" | "bcc">) =>
    buildRawMessage(draft, names, stamp, author, { exact: false });
  if (record !== undefined) {
    const failed = await catchFailure(interrupt, async () =>
      keepCopy(context, record, await copyTo(people), stamp.date, interrupt),
    );
    if (failed !== undefined) printError(terminal, failed);
  }
  const refused: Refusal[] = [];
  for (const sink of people.sinks) {
    const copy = await copyTo({ to: [sink], cc: [], bcc: [] });
    const failed = await catchFailure(interrupt, () =>
      sink.startsWith("|")
        ? feedCommand(config, sink.slice(1), copyForMbox(config, copy, stamp.date), interrupt)
        : keepCopy(context, sink, copy, stamp.date, interrupt),
    );
    if (failed !== undefined) refused.push({ recipient: sink, reply: reasonOf(failed), exit: failed.exit });
  }
  return refused;
}

async function catchFailure(interrupt: AbortSignal, work: () => Promise<void>): Promise<MailError | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    interrupt.throwIfAborted();
    if (!(error instanceof MailError)) throw error;
    return error;
  }
}

function reasonOf({ message, cause }: MailError): string {
  return isSystemError(cause) ? strerror(cause) : message;
}

/** Returns the record's name. With `outfolder`, a relative path refers to the folder directory (POSIX mailx). */
function recordFile(settings: Config["settings"], record: string | undefined): string | undefined {
  if (record === undefined || record === "") return undefined;
  const isRelative = !/^[/~+$%&#]/.test(record) && !isServerAddress(record);
  return settings.get("outfolder") && isRelative ? `+${record}` : record;
}

async function keepCopy(
  context: Context,
  file: string,
  copy: Built,
  date: Date,
  interrupt: AbortSignal,
): Promise<void> {
  let path: string;
  try {
    path = expandFileName(context, file);
  } catch (error) {
    throw error instanceof MailError ? new MailError(error.message, Exit.CantCreate) : error;
  }
  await recordMessage(context, path, copy, date, interrupt);
}
