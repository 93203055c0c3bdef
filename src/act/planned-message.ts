/** Describes the message that a dry run has prepared. act/schemas.ts declares the JSON form. */
import type { ComposeResult } from "../compose/sending/context.ts";
import { parseAddresses } from "../message/address.ts";
import { decodeWords } from "../message/decode-words.ts";
import { makeVisible } from "../message/safe-text.ts";
import { bytesOf } from "../message/view/bytes.ts";
import { charsetOfBody, readParts } from "../message/view/part.ts";
import { describeAttachments, listMessageIds } from "../read/without-session/json-line.ts";

/** The message that a dry run has prepared. */
type Planned = NonNullable<NonNullable<ComposeResult["outcome"]>["planned"]>;

/** Facts about a message that would be sent or stored. */
export type Plan = Awaited<ReturnType<typeof describePlanned>>;

/** Returns the facts about a message that its sender may want to check. @param folder the folder of a draft */
export async function describePlanned({ way, envelope, message, generatedId }: Planned, folder?: string) {
  const { root, charsets } = await readParts(bytesOf(message), message.subarray(0, message.indexOf("\n\n") + 1));
  const { header } = root;
  const subject = header.get("subject");
  const messageId = header.get("message-id");
  return {
    transport: way ?? null,
    folder: folder ?? null,
    from: envelope.from,
    recipients: envelope.to.flatMap((item) => parseAddresses(item).map(({ address }) => address)),
    subject: subject === undefined ? null : decodeWords(subject, charsets, () => charsetOfBody(root)).toWellFormed(),
    messageId: messageId === undefined || messageId === generatedId ? null : messageId,
    inReplyTo: listMessageIds(header.all("in-reply-to")),
    size: message.length,
    attachments: describeAttachments(root),
  };
}

/** Returns the same facts as indented lines. */
export function formatPlan(plan: Plan): string {
  const { transport, from, subject, messageId, inReplyTo, size, attachments } = plan;
  const facts: readonly (readonly [string, string | null])[] = [
    ["transport", transport],
    ["from", `<${from}>`],
    ["recipients", plan.recipients.join(", ")],
    ["subject", subject],
    ["message-id", messageId],
    ["in-reply-to", inReplyTo.join(" ") || null],
    ["size", `${size} bytes`],
    ["attachments", attachments.map(({ name, type }) => name ?? type).join(", ") || null],
  ];
  return facts.map(([name, value]) => (value === null ? "" : `\n  ${name}: ${makeVisible(value)}`)).join("");
}
