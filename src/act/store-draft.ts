/** Stores a message in the drafts folder instead of sending it (--draft). */
import { buffer } from "node:stream/consumers";
import { buildEncodedMessage } from "../compose/build/encoded-message.ts";
import { type Composition, compose } from "../compose/compose.ts";
import { fieldValue } from "../compose/draft/draft.ts";
import { qualifySender } from "../compose/sending/prepare-message.ts";
import { Exit, MailError } from "../errors.ts";
import { appendFlagged, appendMessages, storesFlags } from "../mailbox/append.ts";
import { makeFiling } from "../mailbox/maildir/safe-delivery.ts";
import { mboxForm } from "../mailbox/mbox-form.ts";
import { keyOfMessage } from "../mailbox/message-key.ts";
import { isServerAddress } from "../message/server-name.ts";
import { appendOptions } from "../read/session/access-options.ts";
import type { Session } from "../read/session/session.ts";
import { nameDraftsFolder } from "./drafts-folder.ts";
import { describePlanned, type Plan } from "./planned-message.ts";
import type { StoredDraft, Submitted } from "./submission-result.ts";

/** Stores a message, including its Bcc field. @throws MailError, in which case nothing was stored */
export async function storeDraft(
  session: Session,
  { context, draft: given }: Composition,
  { isComplete }: { readonly isComplete: boolean },
): Promise<Submitted> {
  const { path } = nameDraftsFolder(session);
  const { config, terminal } = session;
  let stored: StoredDraft | undefined;
  let plan: Plan | undefined;
  const result = await compose(context, given, {
    isComplete,
    store: async (draft, { people, stamp, author, envelopeSender }, signal) => {
      const [sink] = people.sinks;
      if (sink !== undefined) {
        throw new MailError(`${sink}: a draft can be sent only to addresses; nothing was stored`, Exit.Usage);
      }
      const message = await buffer((await buildEncodedMessage(draft, people, stamp, author, { bcc: true })).open());
      if (config.settings.get("dryrun")) {
        const from = qualifySender(config.identity, envelopeSender);
        const envelope = { from, to: [...people.to, ...people.cc, ...people.bcc] };
        plan = await describePlanned({ envelope, message, generatedId: stamp.messageId }, path);
        terminal.out(message);
      } else stored = await appendDraft(session, path, { message, date: stamp.date, signal });
      return { exit: Exit.Ok, sent: false, messageId: fieldValue(draft, "message-id") ?? stamp.messageId };
    },
  });
  if (plan !== undefined) return { ...result, plan };
  return stored === undefined ? result : { ...result, notSent: "stored", draft: stored };
}

interface DraftToStore {
  readonly message: Buffer;
  readonly date: Date;
  readonly signal: AbortSignal;
}

async function appendDraft(
  session: Session,
  path: string,
  { message, date, signal }: DraftToStore,
): Promise<StoredDraft> {
  const { config } = session;
  const options = appendOptions(session, signal);
  if (storesFlags(path)) {
    const filing = makeFiling("DS", "cur", date);
    const { keys } = await appendFlagged(path, [{ pieces: [message], filing }], options);
    return { id: isServerAddress(path) ? (keys?.[0] ?? null) : filing.base, folder: path };
  }
  const end = message.indexOf("\n\n") + 1;
  const marked = [message.subarray(0, end), Buffer.from("Status: RO\nX-Status: T\n"), message.subarray(end)];
  const form = Buffer.concat([...mboxForm({ sender: config.identity.user, date, message: marked })]);
  await appendMessages(path, [[form]], options);
  const id = keyOfMessage({ size: form.length, read: (from, to) => form.subarray(from, to) });
  return { id, folder: path };
}
