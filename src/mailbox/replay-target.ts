/** The mbox that the journal of an interrupted quit names. */
import { existsSync, realpathSync } from "node:fs";
import { nameOfUser } from "../passwd.ts";
import { isSystemError } from "../system-error.ts";
import { type LockedFile, openLocked } from "./locked-file.ts";
import { CannotFinish } from "./mailbox-errors.ts";
import { type Rights, withRights } from "./rights.ts";
import { accessSpool, SpoolRefused } from "./spool.ts";

/**
 * Locks the mbox that a journal names. Root uses the rights of the mailbox's owner if the journal is the owner's, because a
 * journal must not lead root to a file that its owner could not have written.
 *
 * @throws CannotFinish if the owner has to do it
 */
export async function lockReplayTarget(
  mailbox: string,
  path: string,
  lockwait: number,
  rights: Rights | undefined,
): Promise<LockedFile> {
  if (rights === undefined) return openLocked(path, lockwait);
  try {
    // The owner's links are followed as far as the owner could follow them.
    const real = withRights(rights, () => (existsSync(path) ? realpathSync(path) : path));
    return await openLocked(real, lockwait, undefined, accessSpool(real, rights));
  } catch (error) {
    if (error instanceof SpoolRefused || (isSystemError(error) && ["EACCES", "EPERM"].includes(error.code)))
      throw new CannotFinish(mailbox, nameOfUser(rights.uid));
    throw error;
  }
}
