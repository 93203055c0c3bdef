/** Adds the parts that the command line requests: attachments, and a file at the start of the text. */
import { ttyCharset } from "../../config/charset.ts";
import type { Config } from "../../config/config.ts";
import { MailError } from "../../errors.ts";
import type { Draft } from "./draft.ts";

export interface Wanted {
  readonly attach: readonly string[];
  readonly quoteFile: string | undefined;
}

/**
 * Adds the requested parts to a draft.
 *
 * @throws MailError naming the file that cannot be read
 */
export async function addRequestedParts(
  config: Config,
  draft: Draft,
  wanted: Wanted,
  interrupt: AbortSignal,
): Promise<void> {
  const { attach: paths, quoteFile } = wanted;
  const { openAttachment: attach } = await import("./attachment.ts");
  const opened = async (path: string) => {
    try {
      return await attach(path, ttyCharset(config), interrupt);
    } catch (error) {
      if (!(error instanceof MailError)) throw error;
      throw new MailError(`${error.message}; nothing was sent`, error.exit, error);
    }
  };
  for (const path of paths) draft.attachments.push(await opened(path));
  if (quoteFile === undefined) return;
  const { open } = await opened(quoteFile);
  for await (const piece of open()) draft.body.append(piece as Buffer);
  if (!draft.body.facts.ended) draft.body.append(Buffer.from("\n"));
}
