import { setTimeout as sleep } from "node:timers/promises";
import { notice } from "../../notices.ts";
import { MailboxBusy } from "../mailbox-errors.ts";

/** Milliseconds: short at first, for a lock is rarely held long; random, so that two waiting programs don't keep step. */
const pause = (tries: number) => Math.min(5 * 2 ** tries, 150) * (0.5 + Math.random());
/** Milliseconds of waiting after which the user is told. */
const patience = 2500;

export type Release = () => Promise<void>;

/**
 * Tries until it has the lock or time is up; a wait that one could notice is said.
 *
 * @param lockwait seconds
 * @param holder the process that seems to have it
 * @param signal ends the waiting, with its reason
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
      notice(`${path}: locked by ${who}; waiting, at most ${lockwait} seconds`);
    }
    await sleep(Math.min(pause(tries), Math.max(1, deadline - now)));
  }
}
