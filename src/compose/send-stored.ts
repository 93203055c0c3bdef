/**
 * Sends a stored draft: its body, and its header with the current date, but without the Bcc field and the fields that
 * mailboxes add.
 */
import { MailError, UserMistake } from "../errors.ts";
import { parseAddressField } from "../message/address.ts";
import { fieldValues } from "../message/field-values.ts";
import { headerParts } from "../message/header.ts";
import { toBytes } from "../message/text.ts";
import { Interrupt } from "../submit/interrupt.ts";
import { formatFields, splitBodyLines, stampFields } from "./build/encoded-message.ts";
import type { Body } from "./draft/body.ts";
import { emptyDraft } from "./draft/draft.ts";
import type { ComposeContext, ComposeResult } from "./sending/context.ts";
import { reportFailure, reportOutcome } from "./sending/outcome.ts";
import { listEnvelope, prepareDraft, reportPlan } from "./sending/prepare-message.ts";

/** A draft as it is stored, without its From_ line. */
export interface StoredMessage {
  /** The fields, and the empty line that ends them. */
  readonly header: Buffer;
  readonly body: Body;
}

interface Attempt {
  /** The recipients to whom an earlier attempt has sent the draft. */
  readonly reached: ReadonlySet<string>;
  /** Called before the first byte is sent. If this function throws a MailError, nothing is sent. */
  begin(): Promise<void>;
}

/** The draft stays in its mailbox, so an unsent copy is not kept. */
const keepsNothing = { keepAndSay: async () => undefined };

/** Fields that are not sent, because they name hidden recipients, contain a mailbox's state, or are replaced. */
const notSent = /^(?:bcc|date|status|x-status|x-uid|x-imap|x-imapbase|x-keywords|content-length|lines)$/;

/** Sends a draft, and reports the outcome. @throws MailError if the draft has no recipients; nothing was sent */
export async function sendStored(
  context: ComposeContext,
  stored: StoredMessage,
  { reached, begin }: Attempt,
): Promise<ComposeResult> {
  const { config, terminal, submission, verbose } = context;
  const interrupt = new Interrupt(terminal);
  const text = stored.header.toString("latin1");
  const addresses = (name: string) => fieldValues(text, name).flatMap(collectFieldAddresses);
  const draft = emptyDraft();
  draft.to = addresses("to");
  draft.cc = addresses("cc");
  draft.bcc = addresses("bcc");
  draft.body = stored.body;
  const [from] = addresses("from");
  const { login, mailName } = config.identity;
  draft.from = from === `${login}@${mailName}` ? undefined : from;
  try {
    const prepared = prepareDraft(context, draft);
    const [sink] = prepared.people.sinks;
    if (sink !== undefined) throw new UserMistake(`${sink}: a draft is sent only to addresses; nothing was sent`);
    const { way, stamp, envelopeSender, refused } = prepared;
    const envelope = listEnvelope(config, prepared);
    const to = [...new Set(envelope.to)].filter((address) => !reached.has(address));
    if (config.settings.get("debug")) return await reportPlan(context, prepared, to);
    const messageId = fieldValues(text, "message-id")[0]?.trim();
    const added = stampFields(emptyDraft(), stamp).filter(
      ([name]) => name === "Date" || (name === "Message-ID" && !messageId),
    );
    const header = Buffer.concat([toBytes(formatFields(added)), removeFields(stored.header)]);
    const { Readable } = await import("node:stream");
    function* pieces(): Iterable<Buffer> {
      yield header;
      yield* splitBodyLines(stored.body, stored.body.facts.returns > 0);
    }
    const message = {
      size: header.length + stored.body.size + 1,
      messageId: messageId ?? stamp.messageId,
      open: () => Readable.from(pieces(), { objectMode: false }),
    };
    // Bcc recipients are not in the header.
    const departure = {
      way,
      envelopeSender,
      verbose,
      envelope: { ...envelope, to },
      message,
      recipients: "arguments" as const,
      generatedId: stamp.messageId,
    };
    if (!config.settings.get("dryrun")) await begin();
    const outcome = await submission.send(departure, { interrupt: interrupt.signal });
    const all = { ...outcome, accepted: [...reached, ...outcome.accepted], refused: [...refused, ...outcome.refused] };
    return { ...(await reportOutcome(terminal, all, keepsNothing)), messageId: message.messageId };
  } catch (error) {
    if (!(error instanceof MailError) || error instanceof UserMistake) throw error;
    return await reportFailure(context, error, keepsNothing);
  } finally {
    interrupt.close();
  }
}

function collectFieldAddresses(value: string): string[] {
  // A name without an address is refused as an invalid recipient.
  return parseAddressField(value).map(({ name, address }) => address || name);
}

/** Returns a header without the fields that are not sent. Also removes lines that are not fields. */
function removeFields(header: Buffer): Buffer {
  const parts = headerParts(header).filter(({ name }) => name !== undefined && !notSent.test(name));
  return Buffer.concat([...parts.map(({ start, end }) => header.subarray(start, end)), Buffer.from("\n")]);
}
