/** Opens messages for reading, in a mailbox of any kind. */
import type { Mailbox, MessageNeed, MessageWindow, StoredMessages } from "./mailbox.ts";

/** Yields a single window with all of the given messages, because messages on this machine can be read at any time. */
export async function* openAtOnce(stored: StoredMessages, messages: readonly number[]): AsyncIterable<MessageWindow> {
  yield { messages, stored };
}

/** Runs a task that reads one message, and returns the task's result. */
export async function openMessage<T>(
  mailbox: Pick<Mailbox, "openMessages">,
  message: number,
  need: MessageNeed,
  task: (stored: StoredMessages) => T | Promise<T>,
): Promise<T> {
  for await (const { stored } of mailbox.openMessages([message], need)) return await task(stored);
  throw new Error(`message ${message}: the mailbox did not open the message`);
}

/** Returns a message's From_ line and header. */
export function readHeader(mailbox: Pick<Mailbox, "openMessages">, message: number): Promise<Buffer> {
  return openMessage(mailbox, message, "header", (stored) => stored.header(message));
}
