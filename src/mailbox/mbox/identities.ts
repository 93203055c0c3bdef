import type { MboxFile } from "./mbox-file.ts";
import { identityOf } from "./message-identity.ts";

/** A change in the session is bound to messages; so many are remembered by their content. */
const mostRemembered = 2000;

/** What the messages are that the session has dealt with, so that they are found again when another program moves them. */
export class Identities {
  readonly #byMessage = new Map<number, string>();
  #areComplete = true;

  get byMessage(): ReadonlyMap<number, string> {
    return this.#byMessage;
  }

  /** Each message that was to be remembered is. */
  get areComplete(): boolean {
    return this.#areComplete;
  }

  /** Whether the messages still are at their numbers. The last one may have grown: it was half delivered when we saw it. */
  hold(file: MboxFile): boolean {
    return [...this.#byMessage].every(
      ([message, identity]) =>
        message >= file.count || file.replaced.has(message) || identityOf(file, message) === identity,
    );
  }

  remember(file: MboxFile, message: number): void {
    if (this.#byMessage.has(message) || file.replaced.has(message)) return;
    if (this.#byMessage.size < mostRemembered) this.#byMessage.set(message, identityOf(file, message));
    else this.#areComplete = false;
  }
}
