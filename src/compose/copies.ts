/** The copies of a message that go to files and commands: `record`, and recipients that are no people. */
import type { Config } from "../config/config.ts";
import { expandFileName } from "../config/files.ts";
import { MailError } from "../errors.ts";
import type { Built } from "./body.ts";
import { rawMessage } from "./build.ts";
import type { ComposeContext } from "./context.ts";
import type { Draft } from "./draft.ts";
import type { Recipients } from "./recipients.ts";
import type { Sender, Stamp } from "./stamp.ts";

type Context = Pick<ComposeContext, "config" | "terminal" | "folder">;

export async function keepCopies(
  context: Context,
  draft: Draft,
  people: Recipients,
  stamp: Stamp,
  from: Sender,
): Promise<void> {
  const { config } = context;
  const record = recordFile(config.settings, draft.record ?? config.settings.text("record"));
  if (record === undefined && people.sinks.length === 0) return;
  const { copyForMbox, feedCommand } = await import("./record.ts");
  const copyTo = (names: Pick<Recipients, "to" | "cc" | "bcc">) =>
    rawMessage(draft, names, stamp, from, { exact: false });
  if (record !== undefined) await keepCopy(context, record, await copyTo(people), stamp.date);
  for (const sink of people.sinks) {
    const copy = await copyTo({ to: [sink], cc: [], bcc: [] });
    if (sink.startsWith("|")) await feedCommand(config, sink.slice(1), copyForMbox(config, copy, stamp.date));
    else await keepCopy(context, sink, copy, stamp.date);
  }
}

/** POSIX mailx: with `outfolder` a name that is no path, nor stands for one, is in the folder directory. */
function recordFile(settings: Config["settings"], record: string | undefined): string | undefined {
  if (record === undefined || record === "") return undefined;
  return settings.get("outfolder") && !/^[/~+$%&#]/.test(record) ? `+${record}` : record;
}

async function keepCopy(context: Context, file: string, copy: Built, date: Date): Promise<void> {
  const { config, terminal } = context;
  const path = expandFileName(context, file);
  if (path === undefined) return;
  const { recordMessage } = await import("./record.ts");
  try {
    await recordMessage(config, path, copy, date);
  } catch (error) {
    if (!(error instanceof MailError)) throw error;
    terminal.err(`mail: ${error.message}\n`);
  }
}
