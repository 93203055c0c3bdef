/** Opens messages of a mailbox of any kind for reading. */
import type { Mailbox, MessageNeed, MessageWindow, StoredMessages } from "./mailbox.ts";

/** Yields the only window of a mailbox on this machine, whose messages can always be read. */
export async function* openAtOnce(stored: StoredMessages, messages: readonly number[]): AsyncIterable<MessageWindow> {
  yield { messages, stored };
}

/** Runs a task that reads one message, and returns its result. */
export async function openMessage<T>(
  mailbox: Pick<Mailbox, "openMessages">,
  message: number,
  need: MessageNeed,
  task: (stored: StoredMessages) => T | Promise<T>,
): Promise<T> {
  for await (const { stored } of mailbox.openMessages([message], need)) return await task(stored);
  throw new Error(`message ${message}: the mailbox opened no window`);
}

/** Returns a message's From_ line and header. */
export function readHeader(mailbox: Pick<Mailbox, "openMessages">, message: number): Promise<Buffer> {
  return openMessage(mailbox, message, "header", (stored) => stored.header(message));
}
