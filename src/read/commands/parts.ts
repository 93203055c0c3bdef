/** parts: what a message is made of. */
import { type Command, command } from "../command.ts";
import { makeCurrent } from "../cursor.ts";
import { takesMessages } from "../message-list.ts";
import { storedBytes } from "../print-decoded.ts";
import type { Session } from "../session.ts";

async function listParts({ folder, terminal }: Session, messages: readonly number[]): Promise<void> {
  if (folder === undefined) return;
  const { parseParts } = await import("../../message/view/part.ts");
  const { partLines } = await import("../../message/view/part-list.ts");
  for (const message of messages) {
    makeCurrent(folder, message);
    if (messages.length > 1) terminal.out(`Message ${message}:\n`, "title");
    terminal.out(partLines(parseParts(storedBytes(folder.mailbox, message))));
  }
}

export const partCommands: readonly Command[] = [
  command({
    name: "parts",
    inFull: true,
    takes: takesMessages(),
    summary: "List the parts of messages: number, type, size, name.",
    example: "parts 3",
    barred: ["sending"],
    run: listParts,
  }),
];
