/** What Tab offers in a dialogue by hand. */
import type { Identity } from "../config/identity.ts";
import type { Assistance, Offer } from "../terminal/terminal.ts";
import type { Protocol } from "./protocol.ts";

/** Returns what the line editor offers in a dialogue that is typed by hand: SMTP commands, addresses and hints. */
export function assistance(protocol: Protocol, { user, mailName }: Identity, names: readonly string[]): Assistance {
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
      // Open: a blank behind a whole command would go to the server, too.
      return { start: 0, candidates: fitting.map((text) => ({ text, open: true })) };
    },
    recall: () => typed,
    remember: (_asked, line) => {
      typed.push(line);
    },
    notice: () => undefined,
  };
}
