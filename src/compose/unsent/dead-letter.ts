/** Saves the text of a message that was not sent. */
import type { Config } from "../../config/config.ts";
import { deadLetterPath, storeOptions } from "../../config/paths.ts";
import { MailError } from "../../errors.ts";
import { type AppendOptions, appendBytes } from "../../mailbox/append.ts";
import { decodeBytes } from "../../message/text.ts";
import { isSystemError } from "../../system-error.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import type { Built } from "../draft/body.ts";

async function appendText(path: string, text: Built, options: AppendOptions): Promise<void> {
  try {
    await appendBytes(path, text.pieces(), options);
  } catch (error) {
    if (!(error instanceof MailError) || !isSystemError(error.cause)) throw error;
    // The state directory may be full. A copy that a crash may truncate is better than no copy.
    await appendBytes(path, text.pieces(), { lockwait: options.lockwait });
  }
}

/**
 * Appends an unsent message's text to dead.letter. If the file cannot be written, the text is printed on standard
 * error.
 *
 * @returns the path if the text was saved
 */
export async function saveDeadLetter(config: Config, terminal: Terminal, text: Built): Promise<string | undefined> {
  if (text.size === 0) return undefined;
  const path = deadLetterPath(config);
  try {
    await appendText(path, text, storeOptions(config));
    return path;
  } catch (error) {
    if (!(error instanceof MailError)) throw error;
    terminal.err(`mail: ${error.message}; this is the text:\n`);
    for (const piece of text.pieces()) terminal.err(decodeBytes(piece));
    return undefined;
  }
}
