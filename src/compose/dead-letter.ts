/** Where a text goes that was not sent, so that nobody types it twice. */
import type { Config } from "../config/config.ts";
import { deadLetterPath, storeOptions } from "../config/files.ts";
import { MailError } from "../errors.ts";
import { appendBytes } from "../mailbox/append.ts";
import { fromBytes } from "../message/text.ts";
import type { Terminal } from "../terminal/terminal.ts";

/** Appends to dead.letter. When not even that can be done, the text goes to standard error: the last place left. */
export async function saveDeadLetter(config: Config, terminal: Terminal, text: Buffer): Promise<void> {
  if (text.length === 0) return;
  try {
    await appendBytes(deadLetterPath(config), [text], storeOptions(config));
  } catch (error) {
    if (!(error instanceof MailError)) throw error;
    terminal.err(`mail: ${error.message}\n`);
    terminal.err(fromBytes(text));
  }
}
