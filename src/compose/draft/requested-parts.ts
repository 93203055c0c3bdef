/** Adds the parts that the command line requests: attachments, and files at the start of the text or instead of it. */

import type { Config } from "../../config/config.ts";
import { ttyCharset } from "../../config/settings.ts";
import { MailError } from "../../errors.ts";
import type { PartLabel } from "../../message/part-label.ts";
import type { Attachment, HowToAttach } from "./attachment.ts";
import { type Draft, setBodyType } from "./draft.ts";

/** A file to attach, with the label given by the user. */
export interface RequestedAttachment extends PartLabel {
  readonly path: string;
  /** Whether a pipe must deliver data within a minute. */
  readonly isLimited?: true;
  readonly mayBeAccount?: true;
}

export interface Wanted {
  readonly attach: readonly RequestedAttachment[];
  readonly skipEmptyAttachments?: boolean;
  readonly quoteFile: string | undefined;
  /** The file that contains the body, instead of standard input. */
  readonly bodyFile?: string | undefined;
}

/** The time limit in milliseconds for a pipe. */
const patience = 60_000;

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
  const { attach: requests, quoteFile, bodyFile } = wanted;
  const { openAttachment: attach } = await import("./attachment.ts");
  const opened = async (path: string, how: HowToAttach = {}) => {
    try {
      return await attach(path, { ...how, ttycharset: ttyCharset(config) }, interrupt);
    } catch (error) {
      if (!(error instanceof MailError)) throw error;
      throw new MailError(`${error.message}; nothing was sent`, error.exit, { cause: error });
    }
  };
  for (const { path, isLimited, mayBeAccount: _mayBeAccount, ...label } of requests) {
    const attachment = await opened(path, { ...label, patience: isLimited === true ? patience : undefined });
    if (attachment.size > 0 || wanted.skipEmptyAttachments !== true) draft.attachments.push(attachment);
  }
  if (quoteFile !== undefined) {
    await insertFile(draft, await opened(quoteFile));
    if (!draft.body.facts.ended) draft.body.append(Buffer.from("\n"));
  }
  if (bodyFile === undefined) return;
  const file = await opened(bodyFile);
  await insertFile(draft, file);
  const isSet = draft.fields.some(({ name }) => /^content-type$/i.test(name));
  if (!isSet && !file.type.startsWith("text/plain")) setBodyType(draft, file.type.replace(/;.*/s, ""));
}

async function insertFile(draft: Draft, { open }: Attachment): Promise<void> {
  for await (const piece of open()) draft.body.append(piece as Buffer);
}
