/** Opens the mbox that is named in the journal of an interrupted quit. */
import { existsSync, realpathSync } from "node:fs";
import { nameOfUser } from "../passwd.ts";
import { isSystemError } from "../system-error.ts";
import { type LockedFile, openLocked } from "./locked-file.ts";
import { CannotFinish } from "./mailbox-errors.ts";
import { type Rights, withRights } from "./rights.ts";
import { accessSpool, SpoolRefused } from "./spool.ts";

/**
 * Locks the mbox that is named in a journal. Root acts with the rights of the mailbox's owner if that user also owns
 * the journal. Otherwise, a journal could lead root to a file that the journal's owner could not have written.
 *
 * @throws CannotFinish if only the owner can finish the quit
 */
export async function lockReplayTarget(
  mailbox: string,
  path: string,
  lockwait: number,
  rights: Rights | undefined,
): Promise<LockedFile> {
  if (rights === undefined) return openLocked(path, lockwait);
  try {
    // Symbolic links are resolved with the owner's rights.
    const real = withRights(rights, () => (existsSync(path) ? realpathSync(path) : path));
    return await openLocked(real, lockwait, undefined, accessSpool(real, rights));
  } catch (error) {
    if (error instanceof SpoolRefused || (isSystemError(error) && ["EACCES", "EPERM"].includes(error.code)))
      throw new CannotFinish(mailbox, nameOfUser(rights.uid));
    throw error;
  }
}
