/** The `signature` variable, as in heirloom mailx and S-nail. */
import { readFileSync } from "node:fs";
import { expandFileName } from "../../config/paths.ts";
import { Exit } from "../../errors.ts";
import { toBytes } from "../../message/text.ts";
import { addPathToError } from "../../system-error.ts";
import type { Draft } from "./draft.ts";

/**
 * Appends the file specified by `signature` to the body of a draft, unless the body is not plain text.
 *
 * @throws MailError if the file cannot be read
 */
export function appendSignature(place: Parameters<typeof expandFileName>[0], draft: Draft, file: string): void {
  const { body, form, fields } = draft;
  const type = fields.find(({ name }) => /^content-type$/i.test(name))?.value ?? form.likelyType ?? "text/plain";
  if (form.html === true || !/^text\/plain\b/i.test(type)) return;
  const path = expandFileName(place, file);
  let signature: Buffer;
  try {
    signature = readFileSync(toBytes(path));
  } catch (error) {
    throw addPathToError(`signature: ${path}`, error, Exit.Config);
  }
  if (body.size > 0 && !body.facts.ended) body.append(toBytes("\n"));
  body.append(signature);
}
