/**
 * Locks a mailbox for writing: the fcntl() lock, then the dotlock.
 *
 * Deliverers take the two in either order. So when the second is refused the first is given back before waiting, or two
 * programs would wait for each other for ever.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { MailboxBusy } from "../errors.ts";
import { dotlockHolder, releaseDotlock, tryDotlock } from "./dotlock.ts";
import { releaseFcntlLock, tryFcntlLock } from "./fcntl-lock.ts";

/** Milliseconds between tries, with a random part so that two waiting programs don't keep step. */
const pause = () => 50 + Math.random() * 150;

export type Release = () => Promise<void>;

/**
 * @param descriptor open for writing; must stay the only one of this file in the process while the lock is held
 * @param lockwait seconds
 * @throws MailboxBusy
 */
export async function lockFile(path: string, descriptor: number, lockwait: number): Promise<Release> {
  const deadline = Date.now() + lockwait * 1000;
  for (;;) {
    if (await tryFcntlLock(descriptor)) {
      const dotlock = tryDotlock(path);
      if (dotlock !== "refused") {
        return async () => {
          if (dotlock === "taken") releaseDotlock(path);
          await releaseFcntlLock(descriptor);
        };
      }
      await releaseFcntlLock(descriptor);
    }
    if (Date.now() >= deadline) throw new MailboxBusy(path, dotlockHolder(path));
    await sleep(Math.min(pause(), Math.max(1, deadline - Date.now())));
  }
}
