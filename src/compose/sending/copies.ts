/** Writes copies of a message to the `record` file, and to files and commands among the recipients. */
import type { Config } from "../../config/config.ts";
import { expandFileName } from "../../config/paths.ts";
import { Exit, MailError } from "../../errors.ts";
import { isServerAddress } from "../../message/server-name.ts";
import type { Refusal } from "../../submit/transport.ts";
import { isSystemError, strerror } from "../../system-error.ts";
import type { Author, Stamp } from "../build/encoded-message.ts";
import { buildRawMessage } from "../build/raw-message.ts";
import type { Built } from "../draft/body.ts";
import type { Draft } from "../draft/draft.ts";
import type { Recipients } from "../draft/recipients.ts";
import type { ComposeContext, Copy } from "./context.ts";
import { copyForMbox, feedCommand, recordMessage } from "./record.ts";

type Context = Pick<ComposeContext, "config" | "terminal" | "folder" | "accessServer">;

/** The copies, and the recipients (files and commands) to which the message could not be written. */
export interface WrittenCopies {
  readonly refused: readonly Refusal[];
  readonly copies: readonly Copy[];
}

/**
 * Writes the copies. A failure to write the record is reported, but does not prevent sending.
 *
 * @returns the copies; `refused` contains the files and commands to which the message could not be written
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
): Promise<WrittenCopies> {
  const { config, terminal } = context;
  const { stamp, author, interrupt } = how;
  const record = recordFile(config.settings, how.record);
  const copyTo = (names: Pick<Recipients, "to" | "cc" | "bcc">) =>
    buildRawMessage(draft, names, stamp, author, { exact: false });
  const copies: Copy[] = [];
  if (record !== undefined) {
    const error = await catchFailure(interrupt, async () =>
      keepCopy(context, record, await copyTo(people), stamp.date, interrupt),
    );
    if (error !== undefined) terminal.err(`mail: ${error.message}\n`);
    copies.push({ to: record, error });
  }
  const refused: Refusal[] = [];
  for (const sink of people.sinks) {
    const copy = await copyTo({ to: [sink], cc: [], bcc: [] });
    const failed = await catchFailure(interrupt, () =>
      sink.startsWith("|")
        ? feedCommand(context, sink.slice(1), copyForMbox(config, copy, stamp.date), interrupt)
        : keepCopy(context, sink, copy, stamp.date, interrupt),
    );
    copies.push({ to: sink, error: failed });
    if (failed !== undefined) refused.push({ recipient: sink, reply: reasonOf(failed), exit: failed.exit });
  }
  return { refused, copies };
}

/** Writes a copy of a sent message to the file specified by `record`. Reports a failure. */
export async function writeRecord(
  context: Context,
  { header, body }: { readonly header: Buffer; readonly body: Built },
): Promise<Copy[]> {
  const { config, terminal } = context;
  const record = recordFile(config.settings, config.settings.text("record"));
  if (record === undefined) return [];
  const message = {
    size: header.length + body.size,
    *pieces() {
      yield header;
      yield* body.pieces();
    },
  };
  const { signal } = new AbortController();
  const error = await catchFailure(signal, () => keepCopy(context, record, message, new Date(), signal));
  if (error !== undefined) terminal.err(`mail: ${error.message}\n`);
  return [{ to: record, error }];
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

/**
 * Returns the name of the `record` file. If `outfolder` is set, a relative path is resolved against the folder
 * directory (POSIX mailx).
 */
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
