/** What the command line wants in a message before its text: attachments, and a file to begin with. */
import { ttyCharset } from "../config/charset.ts";
import type { Config } from "../config/config.ts";
import type { Draft } from "./draft.ts";

export interface Wanted {
  readonly attach: readonly string[];
  readonly quoteFile: string | undefined;
}

/** @throws MailError naming the file that cannot be read */
export async function prepare(config: Config, draft: Draft, { attach: paths, quoteFile }: Wanted): Promise<void> {
  if (paths.length === 0 && quoteFile === undefined) return;
  const { attach } = await import("./attachment.ts");
  for (const path of paths) draft.attachments.push(await attach(path, ttyCharset(config)));
  if (quoteFile === undefined) return;
  const { open } = await attach(quoteFile);
  for await (const piece of open()) draft.body.append(piece as Buffer);
  if (!draft.body.facts.ended) draft.body.append(Buffer.from("\n"));
}
