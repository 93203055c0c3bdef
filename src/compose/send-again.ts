/** Sends a stored message to other recipients, unchanged except for Resent- fields (RFC 5322, section 3.6.6). */
import { ttyCharset } from "../config/settings.ts";
import { MailError, UserMistake } from "../errors.ts";
import { toBytes } from "../message/text.ts";
import { Interrupt } from "../submit/interrupt.ts";
import { resentFields, splitBodyLines } from "./build/encoded-message.ts";
import type { Body } from "./draft/body.ts";
import { emptyDraft } from "./draft/draft.ts";
import type { ComposeContext, ComposeResult } from "./sending/context.ts";
import { reportFailure, reportOutcome } from "./sending/outcome.ts";
import { listEnvelope, prepareDraft, reportPlan } from "./sending/prepare-message.ts";

/** The message stays in its mailbox, so an unsent copy is not kept. */
const keepsNothing = { keepAndSay: async () => undefined };

/**
 * Sends a message, and reports the outcome.
 *
 * @param original the message without its From_ line and without the fields that a mailbox adds
 * @throws UserMistake if a recipient is a file or a command
 */
export async function resendMessage(
  context: ComposeContext,
  to: readonly string[],
  original: Body,
): Promise<ComposeResult> {
  const { config, terminal, submission } = context;
  const interrupt = new Interrupt(terminal);
  const draft = emptyDraft();
  draft.to = [...to];
  draft.body = original;
  try {
    const prepared = prepareDraft(context, draft);
    const { people, refused, way, stamp, envelopeSender } = prepared;
    const [sink] = people.sinks;
    if (sink !== undefined) throw new UserMistake(`${sink}: resend sends only to addresses; nothing was sent`);
    const envelope = listEnvelope(config, prepared);
    if (config.settings.get("debug")) return await reportPlan(context, prepared, envelope.to);
    const header = toBytes(resentFields(draft, people, stamp, { ...prepared.author, charset: ttyCharset(config) }));
    const { Readable } = await import("node:stream");
    function* pieces(): Iterable<Buffer> {
      yield header;
      yield* splitBodyLines(original, original.facts.returns > 0);
    }
    const message = {
      size: header.length + original.size + 1,
      messageId: stamp.messageId,
      open: () => Readable.from(pieces(), { objectMode: false }),
    };
    const { verbose } = context;
    // The header of the original names other recipients.
    const departure = {
      way,
      envelopeSender,
      verbose,
      envelope,
      message,
      recipients: "arguments" as const,
      generatedId: stamp.messageId,
    };
    const outcome = await submission.send(departure, { interrupt: interrupt.signal });
    return await reportOutcome(terminal, { ...outcome, refused: [...refused, ...outcome.refused] }, keepsNothing);
  } catch (error) {
    if (!(error instanceof MailError) || error instanceof UserMistake) throw error;
    return await reportFailure(context, error, keepsNothing);
  } finally {
    interrupt.close();
  }
}
