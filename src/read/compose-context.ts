/** What composing is given of a session: its messages to quote, its commands to run. */
import type { ComposeContext, MessageSource } from "../compose/compose.ts";
import type { FieldSelection } from "../config/config.ts";
import type { Mailbox } from "../mailbox/mailbox.ts";
import { Flag } from "../mailbox/mailbox.ts";
import { parseHeader } from "../message/header.ts";
import { toBytes } from "../message/text.ts";
import { selectMessages } from "./message-list.ts";
import type { Session } from "./session.ts";

export function composeContext(session: Session, ask: { subject: boolean }): ComposeContext {
  const { config, terminal, folder } = session;
  return {
    config,
    terminal,
    submission: session.submission,
    verbose: config.settings.get("verbose"),
    ask,
    skipEmpty: false,
    ...(folder === undefined ? {} : { quoting: messageSource(session, folder.mailbox) }),
    ...(session.execute === undefined ? {} : { execute: (line: string) => whileComposing(session, line) }),
  };
}

async function whileComposing(session: Session, line: string): Promise<void> {
  const before = session.composing;
  session.composing = true;
  try {
    await session.execute?.(line);
  } finally {
    session.composing = before;
  }
}

function messageSource(session: Session, mailbox: Mailbox): MessageSource {
  return {
    select: async (list) => {
      const numbers = await selectMessages(session, list, { orElse: "current" });
      for (const message of numbers ?? []) mailbox.mark(message, Flag.Read | Flag.Touched | Flag.StatusChanged);
      return numbers ?? [];
    },
    text: (message, allFields) => {
      const header = mailbox.header(message);
      const body = mailbox.read(message, header.length, mailbox.size(message));
      const shown = allFields ? header : selectedHeader(header, session.config.shown);
      return Buffer.concat([shown, body]);
    },
  };
}

/** The From_ line and the fields that printing shows, with the empty line at the end. */
function selectedHeader(header: Buffer, { ignored, retained }: FieldSelection): Buffer {
  const end = header.indexOf(10) + 1;
  const keep = (name: string) => (retained.size > 0 ? retained.has(name) : !ignored.has(name));
  const fields = parseHeader(header).fields.filter(({ name }) => keep(name.toLowerCase()));
  return Buffer.concat([header.subarray(0, end), ...fields.map(({ raw }) => withLineEnd(raw)), toBytes("\n")]);
}

function withLineEnd(raw: Uint8Array): Uint8Array {
  return raw.at(-1) === 10 ? raw : Buffer.concat([raw, Buffer.from("\n")]);
}
