/** Writes copies of sent messages to mailboxes and commands. */
import { once } from "node:events";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Config } from "../../config/config.ts";
import { storeOptions } from "../../config/paths.ts";
import { appendFlagged, appendMessages } from "../../mailbox/append.ts";
import { fileMessage } from "../../mailbox/maildir/add-messages.ts";
import { makeFiling } from "../../mailbox/maildir/safe-delivery.ts";
import { meansMaildir } from "../../mailbox/maildir-path.ts";
import { mboxForm } from "../../mailbox/mbox-form.ts";
import { isServerAddress } from "../../message/server-name.ts";
import { toBytes } from "../../message/text.ts";
import { runOnAbort } from "../../submit/interrupt.ts";
import { ProgramOutput, spawnReader } from "../../submit/program-output.ts";
import { addPathToError } from "../../system-error.ts";
import type { Built } from "../draft/body.ts";
import type { ComposeContext } from "./context.ts";
import { linePrinter } from "./submission.ts";

/**
 * Appends a message to a mailbox.
 *
 * @throws MailError if the file cannot be written; the reason for the interrupt if writing was interrupted
 */
export async function recordMessage(
  { config, accessServer }: Pick<ComposeContext, "config" | "accessServer">,
  path: string,
  message: Built,
  date: Date,
  interrupt: AbortSignal,
): Promise<void> {
  if (meansMaildir(path)) {
    // The author has seen the message.
    await fileMessage(path, { sender: config.identity.user, date, message: message.pieces() }, "S");
    return;
  }
  const options = { ...storeOptions(config), accessServer, signal: interrupt };
  if (isServerAddress(path)) {
    await appendFlagged(path, [{ pieces: message.pieces(), filing: makeFiling("S", "cur", date) }], options);
    return;
  }
  await appendMessages(path, [copyForMbox(config, message, date)], options);
}

/**
 * Pipes a message to a recipient `|command` through the shell.
 *
 * @throws MailError if the command cannot be run or fails
 */
export async function feedCommand(
  { config, terminal }: Pick<ComposeContext, "config" | "terminal">,
  command: string,
  copy: Iterable<Uint8Array>,
  interrupt: AbortSignal,
): Promise<void> {
  const shell = config.settings.get("SHELL");
  const print = linePrinter(terminal);
  const child = spawnReader(shell, ["-c", command], print);
  const output = new ProgramOutput(child, print);
  const ended = once(child, "exit");
  pipeline(Readable.from(copy, { objectMode: false }), child.stdin).catch(() => {}); // the command may ignore its input
  const atEase = runOnAbort(interrupt, () => child.kill());
  try {
    // A background process that the command has started may keep the output open.
    await Promise.race([ended, rejectOnAbort(interrupt)]);
    await output.finish();
    output.printLast();
  } catch (error) {
    throw addPathToError(shell, error);
  } finally {
    atEase();
  }
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    runOnAbort(signal, () => reject(signal.reason));
  });
}

/** Returns a message as an mbox stores it, with the user as its sender. */
export function copyForMbox({ identity }: Config, message: Built, date: Date): Iterable<Uint8Array> {
  return mboxForm({ sender: toBytes(identity.user).toString("latin1"), date, message: message.pieces() });
}
