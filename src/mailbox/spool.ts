/**
 * Opens other users' spools, into which root delivers. The rules are those of Postfix local(8) (see safe_open() and
 * mailbox.c). A spool must be the recipient's own regular file with one link, and root does not follow symbolic links.
 */

import { constants, fchownSync, fstatSync, openSync, type Stats, statSync } from "node:fs";
import { dirname } from "node:path";
import { Exit, MailError } from "../errors.ts";
import { lstatIfPresent } from "../file-stats.ts";
import { spoolGroupId } from "../groups.ts";
import { isSystemError } from "../system-error.ts";
import { type Rights, withRights } from "./rights.ts";

export type SpoolFault = "symbolic link" | "directory" | "not a regular file" | "hard links" | "foreign owner";

const faults: Readonly<Record<SpoolFault, string>> = {
  "symbolic link": "is a symbolic link",
  directory: "is a directory",
  "not a regular file": "is not a regular file",
  "hard links": "has more than one name (hard links)",
  "foreign owner": "is not owned by the recipient",
};

/** Reports a spool that root must not write to. Nothing was delivered. */
export class SpoolRefused extends MailError {
  readonly fault: SpoolFault;
  /**
   * Whether another attempt would also fail. As in Postfix, only an incorrect owner is treated as a temporary fault.
   */
  readonly isPermanent: boolean;

  constructor(path: string, fault: SpoolFault) {
    const isPermanent = fault !== "foreign owner";
    super(`${path}: ${faults[fault]}; nothing was delivered`, isPermanent ? Exit.CantCreate : Exit.TempFail);
    this.fault = fault;
    this.isPermanent = isPermanent;
  }
}

/** The rights with which root delivers into one spool. */
export interface SpoolAccess {
  readonly recipient: Rights;
  /** The rights with which the spool is opened. */
  readonly open: Rights;
  /**
   * The user and group that create the spool and its lock file; undefined if only root may create files in the
   * directory.
   */
  readonly create: Rights | undefined;
}

/**
 * Returns the rights for a spool, chosen as in Postfix: the recipient's rights, with the directory's group if this
 * group may create files in the directory. If neither the recipient nor a group can write to the directory, files are
 * created with root's privileges.
 *
 * @throws a system error if the directory is missing
 */
export function accessSpool(path: string, recipient: Rights): SpoolAccess {
  const directory = statSync(dirname(path));
  const [groupMayWrite, othersMayWrite] = [(directory.mode & 0o020) !== 0, (directory.mode & 0o002) !== 0];
  const withGroup = groupMayWrite && !othersMayWrite && directory.gid !== 0;
  const open = withGroup ? { uid: recipient.uid, gid: directory.gid } : recipient;
  const mayCreate = groupMayWrite || othersMayWrite || directory.uid === recipient.uid;
  return { recipient, open, create: mayCreate ? open : undefined };
}

/** Returns the reason why root must not deliver into an existing file; undefined if root may deliver into it. */
export function judgeSpool(found: Stats, { uid }: Rights): SpoolFault | undefined {
  if (found.isSymbolicLink()) return "symbolic link";
  if (found.isDirectory()) return "directory";
  if (!found.isFile()) return "not a regular file";
  if (found.nlink > 1) return "hard links";
  if (found.uid === uid || (found.uid === 0 && found.gid === spoolGroupId())) return undefined;
  return "foreign owner";
}

/** Returns the refusal for an existing spool or Maildir; undefined if root may deliver into it, or if it is missing. */
export function refuseSpool(path: string, recipient: Rights): SpoolRefused | undefined {
  const found = lstatIfPresent(path);
  const fault = found && (found.isDirectory() ? judgeMaildir(path, found, recipient) : judgeSpool(found, recipient));
  return fault && new SpoolRefused(path, fault);
}

function judgeMaildir(path: string, found: Stats, { uid }: Rights): SpoolFault | undefined {
  const isMaildir = ["cur", "new"].every((name) => lstatIfPresent(`${path}/${name}`));
  if (!isMaildir) return "directory";
  return found.uid === uid ? undefined : "foreign owner";
}

/**
 * Opens a spool with its recipient's rights, for reading and writing.
 *
 * @returns undefined if it is missing
 * @throws SpoolRefused, or a system error
 */
export function openSpool(path: string, { recipient, open }: SpoolAccess): { descriptor: number } | undefined {
  const found = lstatIfPresent(path);
  if (found === undefined) return undefined;
  const fault = judgeSpool(found, recipient);
  if (fault !== undefined) throw new SpoolRefused(path, fault);
  // The file may have been replaced since the check. Opening the spool therefore neither follows a link nor blocks on a
  // FIFO.
  const flags = constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  try {
    return { descriptor: withRights(open, () => openSync(path, flags)) };
  } catch (error) {
    if (!isSystemError(error)) throw error;
    if (error.code === "ENOENT") return undefined;
    if (error.code === "ELOOP") throw new SpoolRefused(path, "symbolic link");
    throw error;
  }
}

/** Checks an open spool. @throws SpoolRefused if it is not the recipient's own spool */
export function requireSpool(path: string, descriptor: number, { recipient }: SpoolAccess): void {
  const fault = judgeSpool(fstatSync(descriptor), recipient);
  if (fault !== undefined) throw new SpoolRefused(path, fault);
}

/**
 * Creates a spool with mode 0600. The spool belongs to the recipient, and to the directory's group if this group may
 * create files in the directory.
 *
 * @throws a system error, including EEXIST
 */
export function createSpool(path: string, { recipient, create }: SpoolAccess): number {
  const descriptor = withRights(create, () => openSync(path, "wx+", 0o600));
  if (create === undefined) fchownSync(descriptor, recipient.uid, recipient.gid);
  return descriptor;
}
