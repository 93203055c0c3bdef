/** Applies the user's choice of the type and encoding of a body. */
import { Exit, MailError } from "../../errors.ts";
import type { Body } from "./body.ts";
import { canBeEncoded, charsetOf, declareCharset, transferEncodingOf } from "./choose-encoding.ts";
import type { Draft } from "./draft.ts";

/**
 * Determines the type and charset of a complete body.
 *
 * @throws MailError if the requested form does not suit the body
 */
export function settleBodyForm(draft: Draft, charset: string | undefined): void {
  const { body, form } = draft;
  const type = draft.fields.find(({ name }) => /^content-type$/i.test(name));
  if (type === undefined && form.likelyType !== undefined && beginsLike(body, form.likelyType)) {
    draft.fields.push({ name: "Content-Type", value: form.likelyType });
  }
  for (const field of draft.fields) {
    // An empty body has no charset of its own.
    const declared = body.size === 0 ? "UTF-8" : charsetOf(body.facts, charset);
    if (/^content-type$/i.test(field.name)) Object.assign(field, { value: declareCharset(field.value, declared) });
  }
  if (form.withoutMime === true && transferEncodingOf(body.facts, false) !== "7bit") {
    throw new MailError("--without-mime: the text is not plain ASCII; nothing was sent", Exit.DataErr);
  }
  if (form.encoding !== undefined && !canBeEncoded(body.facts, form.encoding)) {
    throw new MailError(`--encoding: the body cannot be sent as ${form.encoding}; nothing was sent`, Exit.DataErr);
  }
}

/** Returns whether the body looks like the given type: HTML begins with a tag. */
function beginsLike(body: Body, type: string): boolean {
  const [start = Buffer.alloc(0)] = body.pieces();
  return /^text\/(?:html|xml)\b/i.test(type) && /^(?:\xef\xbb\xbf)?\s*</.test(start.toString("latin1", 0, 1024));
}

/** Declares the type of the body. A body that is not text is sent in base64, which preserves every byte. */
export function setBodyType(draft: Draft, type: string): void {
  draft.fields.push({ name: "Content-Type", value: type });
  if (!/^(?:text|multipart|message)\//i.test(type)) draft.form = { encoding: "base64", ...draft.form };
}
