import { setTimeout as sleep } from "node:timers/promises";
import { notify } from "../../notices.ts";
import { MailboxBusy } from "../mailbox-errors.ts";

/**
 * Pause before an attempt, in milliseconds. The pause is short at first, because most locks are brief. Its length is
 * random, so that two waiting programs do not stay in step.
 */
const pause = (tries: number) => Math.min(5 * 2 ** tries, 150) * (0.5 + Math.random());
/** The delay, in milliseconds, after which the user is notified. */
const patience = 2500;

export type Release = () => Promise<void>;

/**
 * Tries to acquire a lock until it succeeds or the time limit expires. A noticeable wait is reported to the user.
 *
 * @param lockwait how long to wait, in seconds
 * @param holder returns the process that appears to hold the lock
 * @param signal aborts the wait; the error is the signal's reason
 * @throws MailboxBusy
 */
export async function waitForLock<T>(
  path: string,
  lockwait: number,
  attempt: () => Promise<T | undefined>,
  holder: () => number | undefined = () => undefined,
  signal?: AbortSignal,
): Promise<T> {
  const begun = Date.now();
  const deadline = begun + lockwait * 1000;
  let told = false;
  for (let tries = 0; ; tries++) {
    signal?.throwIfAborted();
    const lock = await attempt();
    if (lock !== undefined) return lock;
    const now = Date.now();
    if (now >= deadline) throw new MailboxBusy(path, holder());
    if (!told && now - begun >= patience) {
      told = true;
      const by = holder();
      const who = by === undefined ? "another program" : `process ${by}`;
      notify(`${path}: locked by ${who}; waiting, at most ${lockwait} seconds`);
    }
    await sleep(Math.min(pause(tries), Math.max(1, deadline - now)));
  }
}
