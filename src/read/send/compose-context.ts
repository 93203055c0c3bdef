/** The parts of a session that the composer needs: messages to quote and commands to run. */

import type { MessageSource } from "../../compose/draft/draft.ts";
import type { ComposeContext } from "../../compose/sending/context.ts";
import type { Folder, Session } from "../session/session.ts";

/** Returns the composer's access to a session. */
export function composeContext(session: Session, ask: { subject: boolean }): ComposeContext {
  const { config, terminal, folder } = session;
  return {
    config,
    terminal,
    submission: session.submission,
    accessServer: async (address) => {
      const { serverAccess } = await import("../session/access-options.ts");
      return serverAccess(session)(address);
    },
    verbose: config.settings.get("verbose"),
    ask,
    folder,
    escapes: session.escapesInPipe === true,
    skipEmpty: false,
    ...(folder === undefined ? {} : { quoting: messageSource(session, folder) }),
    ...(session.execute === undefined ? {} : { execute: (line: string) => whileComposing(session, line) }),
  };
}

/** Runs a command line while a message is being composed. @returns whether the command ended the session */
async function whileComposing(session: Session, line: string): Promise<boolean> {
  const before = session.composing;
  session.composing = true;
  try {
    await session.execute?.(line);
    return session.ending !== undefined;
  } finally {
    session.composing = before;
  }
}

function messageSource(session: Session, folder: Folder): MessageSource {
  return {
    select: async (list) => {
      const { Flag } = await import("../../mailbox/mailbox.ts");
      const { markMessage } = await import("../changes/mark.ts");
      const { selectMessages } = await import("../message-list/message-list.ts");
      const numbers = (await selectMessages(session, list, { orElse: "current" })) ?? [];
      for (const message of numbers) markMessage(folder, message, Flag.Read | Flag.Touched | Flag.StatusChanged);
      return numbers;
    },
    text: async (message, allFields) => {
      const { openMessage } = await import("../../mailbox/windows.ts");
      const { quoteMessage } = await import("../show/quoted-message.ts");
      return openMessage(folder.mailbox, message, "text", (stored) =>
        quoteMessage(session, stored, message, allFields),
      );
    },
  };
}
