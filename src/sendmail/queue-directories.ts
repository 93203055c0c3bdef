/**
 * Finds the queues of `sendmail`. A user's queue is in the user's home directory. Users without a home directory, such
 * as daemons, have a directory of their own in a shared spool. Like /tmp, the spool is sticky and owned by root.
 *
 * The timer runs as root with a clean environment, so it cannot find a directory that is named only in the caller's
 * environment. Such a directory is therefore used only if this machine has no spool, and thus no timer.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import type { QueuePlace, QueuePlaces } from "../compose/sending/queue-place.ts";
import type { Config } from "../config/config.ts";
import { queueDirectory } from "../config/paths.ts";
import { Exit, MailError } from "../errors.ts";
import { listNames, lstatIfPossible } from "../file-stats.ts";
import { makePrivateDirectory } from "../private-file.ts";
import { addPathToError, isSystemError } from "../system-error.ts";

/** Returns the directory that contains the queues of users without a home directory. */
export function queueSpool({ MAIL_QUEUE_SPOOL }: Readonly<Record<string, string | undefined>>): string {
  return MAIL_QUEUE_SPOOL || "/var/spool/mail-client";
}

/**
 * The number of names that are tried for a new directory, in case other users create directories with the same names.
 */
const attempts = 10;

/** Returns the path of the queue in a home directory, regardless of the caller's environment. */
export function queueInHome(home: string): string {
  return join(home, ".local/state/mail/queue");
}

/** Returns the caller's queues. */
export function callersQueues(config: Config, spool: string): QueuePlaces {
  const uid = process.geteuid?.() ?? 0;
  const inHome = (): QueuePlace => ({
    directory: queueDirectory(config),
    deadLetter: join(config.identity.home, "dead.letter"),
  });
  const listPlaces = () => [inHome(), ...directoriesOf(spool, uid).map(placeInSpool)].filter(isPresent);
  const choosePlace = () => {
    const place = inHome();
    const hasSpool = isSharedSpool(spool);
    if (!hasSpool || (hasHome(uid) && place.directory === queueInHome(passwdHome()))) {
      try {
        makePrivateDirectory(place.directory);
        return place;
      } catch (error) {
        if (!hasSpool) throw addPathToError(place.directory, error, Exit.TempFail);
      }
    }
    return placeInSpool(directoriesOf(spool, uid)[0] ?? createDirectory(spool, uid));
  };
  return { list: listPlaces, choose: choosePlace };
}

/** Returns each user who may have queued messages in the spool. */
export function ownersInSpool(spool: string): number[] {
  const owners = listNames(spool).flatMap((name) => {
    const found = lstatIfPossible(join(spool, name));
    return found?.isDirectory() === true ? [found.uid] : [];
  });
  return [...new Set(owners)];
}

function placeInSpool(path: string): QueuePlace {
  return { directory: join(path, "queue"), deadLetter: join(path, "dead.letter") };
}

function isPresent({ directory }: QueuePlace): boolean {
  return lstatIfPossible(directory)?.isDirectory() === true;
}

/**
 * Returns whether a user has a home directory for private files. A system user's home directory also contains a
 * service's data.
 */
function hasHome(uid: number): boolean {
  const firstPerson = 1000;
  const nobody = 65_534;
  return uid === 0 || (uid >= firstPerson && uid !== nobody);
}

function passwdHome(): string {
  try {
    return userInfo().homedir;
  } catch {
    // The user has no account.
    return "/";
  }
}

/** Returns whether a directory belongs to root and prevents users from removing or renaming each other's entries. */
function isSharedSpool(spool: string): boolean {
  const found = lstatIfPossible(spool);
  const sticky = 0o1000;
  const othersCanWrite = 0o022;
  if (found?.isDirectory() !== true || found.uid !== 0) return false;
  return (found.mode & othersCanWrite) === 0 || (found.mode & sticky) !== 0;
}

/**
 * Returns the user's directories in the spool. Links and other users' directories are skipped, regardless of their
 * names.
 */
function directoriesOf(spool: string, uid: number): string[] {
  if (!isSharedSpool(spool)) return [];
  return listNames(spool)
    .map((name) => join(spool, name))
    .filter((path) => {
      const found = lstatIfPossible(path);
      return found?.isDirectory() === true && found.uid === uid && (found.mode & 0o077) === 0;
    })
    .sort();
}

/**
 * Creates a directory that only the user can read. If another user has already created a directory with that name, a
 * suffix is added.
 */
function createDirectory(spool: string, uid: number): string {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const path = join(spool, attempt === 0 ? String(uid) : `${uid}-${randomBytes(6).toString("hex")}`);
    try {
      mkdirSync(path, { mode: 0o700 });
      return path;
    } catch (error) {
      if (!isSystemError(error) || error.code !== "EEXIST") throw addPathToError(path, error, Exit.TempFail);
    }
  }
  throw new MailError(`${spool}: cannot create a directory for user ${uid}`, Exit.TempFail);
}
