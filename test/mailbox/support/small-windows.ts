/**
 * Makes a mailbox behave like one on a server: each window contains one message, which is readable only in that window.
 */
import { headerOf } from "../../../src/mailbox/header-bytes.ts";
import type { Mailbox, MessageNeed, MessageWindow, StoredMessages } from "../../../src/mailbox/mailbox.ts";
import type { LocalMailbox } from "./local-mailbox.ts";

/** Returns a mailbox whose windows contain one message each. An attempt to read any other message throws. */
export function withSmallWindows(local: LocalMailbox): Mailbox {
  return {
    path: local.path,
    readOnly: local.readOnly,
    isKeyedByContent: local.isKeyedByContent,
    get count() {
      return local.count;
    },
    flags: (message) => local.flags(message),
    key: (message) => local.key(message),
    mark: (message, set, clear) => local.mark(message, set, clear),
    openMessages: (messages, need) => openOneByOne(local, messages, need),
    replace: (message, bytes) => local.replace(message, bytes),
    poll: () => local.poll(),
    commit: (plan) => local.commit(plan),
    close: () => local.close(),
  };
}

async function* openOneByOne(
  local: LocalMailbox,
  messages: readonly number[],
  need: MessageNeed,
): AsyncIterable<MessageWindow> {
  for (const message of messages) {
    const loaded = new LoadedMessage(local, message, need);
    try {
      yield { messages: [message], stored: loaded };
    } finally {
      loaded.isOpen = false;
    }
  }
}

class LoadedMessage implements StoredMessages {
  isOpen = true;
  readonly #local: LocalMailbox;
  readonly #message: number;
  readonly #need: MessageNeed;

  constructor(local: LocalMailbox, message: number, need: MessageNeed) {
    this.#local = local;
    this.#message = message;
    this.#need = need;
  }

  flags(message: number): number {
    return this.#local.flags(message);
  }

  key(message: number): string {
    return this.#local.key(message);
  }

  size(message: number): number {
    return this.#opened(message).size(message);
  }

  header(message: number): Buffer {
    const local = this.#opened(message);
    return headerOf(local.size(message), (length) => local.read(message, 0, length));
  }

  read(message: number, start: number, end: number): Buffer {
    const local = this.#opened(message);
    if (this.#need === "header" && end > local.header(message).length)
      throw new Error(`message ${message}: only its header was requested`);
    return local.read(message, start, end);
  }

  counts(message: number) {
    return this.#opened(message).counts(message);
  }

  #opened(message: number): LocalMailbox {
    if (!this.isOpen) throw new Error(`message ${message} is read after its window`);
    if (message !== this.#message) throw new Error(`message ${message} is not in the window`);
    return this.#local;
  }
}
