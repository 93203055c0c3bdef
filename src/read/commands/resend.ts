/** The resend command, which sends messages unchanged to other recipients. */

import { Body } from "../../compose/draft/body.ts";
import { resendMessage } from "../../compose/send-again.ts";
import type { ComposeResult } from "../../compose/sending/context.ts";
import { Exit, UserMistake } from "../../errors.ts";
import { openMessage } from "../../mailbox/windows.ts";
import { composeContext } from "../send/compose-context.ts";
import { type Command, declareCommand } from "../session/command.ts";
import { showAsCurrent } from "../session/cursor.ts";
import type { Folder, Session } from "../session/session.ts";
import { formatShownPieces } from "../show/print-message.ts";
import { askRecipients, takesMessagesAndNames, withoutFromLine } from "./forward.ts";

/** Sends a stored message unchanged to other recipients, and reports the outcome. */
export async function resendStored(
  session: Session,
  { mailbox }: Folder,
  message: number,
  to: readonly string[],
): Promise<ComposeResult> {
  const original = new Body();
  try {
    await openMessage(mailbox, message, "whole", (stored) => {
      for (const piece of withoutFromLine(formatShownPieces(stored, message))) original.append(piece);
    });
    return await resendMessage(composeContext(session, { subject: false }), to, original);
  } finally {
    original.close();
  }
}

export const resendCommands: readonly Command[] = [
  declareCommand({
    name: "resend",
    task: "send",
    inFull: true,
    takes: takesMessagesAndNames,
    summary: "Send messages to other recipients, unchanged except for the added Resent- fields.",
    example: "resend 3 ann@example.org",
    barred: ["sending", "sourcing", "recursing"],
    run: async (session, { messages, to: named }) => {
      const { folder } = session;
      if (folder === undefined || messages.length === 0) return true;
      const to = named.length > 0 ? named : await askRecipients(session);
      if (to.length === 0) throw new UserMistake("No recipients specified");
      for (const message of messages) {
        folder.current = message;
        showAsCurrent(folder, message);
        const { exit } = await resendStored(session, folder, message, to);
        session.reason = exit;
        if (exit !== Exit.Ok) return false;
      }
      return true;
    },
  }),
];
