/** Completion for a dialogue that is typed by hand. */
import type { Identity } from "../config/identity.ts";
import type { Assistance, Offer } from "../terminal/terminal.ts";
import type { Protocol } from "./protocol.ts";

/** Returns completions and history for a dialogue that is typed by hand: SMTP commands and addresses. */
export function assistDialogue(protocol: Protocol, { user, mailName }: Identity, names: readonly string[]): Assistance {
  const commands = [
    `EHLO ${mailName}`,
    `HELO ${mailName}`,
    `MAIL FROM:<${user}@${mailName}>`,
    ...names.map((name) => `RCPT TO:<${name}>`),
    "RCPT TO:<",
    "DATA",
    "RSET",
    "NOOP",
    "VRFY ",
    "STARTTLS",
    "AUTH ",
    "HELP",
    "QUIT",
  ];
  const fields = [`From: ${user}@${mailName}`, "To: ", "Cc: ", "Subject: ", "Reply-To: ", "Date: "];
  const typed: string[] = [];
  return {
    complete: (_asked, before): Offer => {
      const words = protocol.mode === "command" ? commands : protocol.inHeader ? fields : [];
      const fitting = words.filter((word) => word.toLowerCase().startsWith(before.toLowerCase()));
      // No space is added to a completed command, because the space would also be sent to the server.
      return { start: 0, candidates: fitting.map((text) => ({ text, open: true })) };
    },
    recall: () => typed,
    remember: (_asked, line) => {
      typed.push(line);
    },
    notice: () => undefined,
  };
}
