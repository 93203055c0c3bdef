/**
 * Checks the system mailbox: whether it exists, who owns it, whether it can be written to, and whether it is locked.
 */
import { accessSync, closeSync, constants, openSync, realpathSync, type Stats, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Config } from "../config/config.ts";
import { systemMailbox } from "../config/paths.ts";
import { dotlockHolder, dotlockName, tryDotlock } from "../mailbox/lock/dotlock.ts";
import { type Lock, releaseFcntlLock, tryFcntlLock } from "../mailbox/lock/fcntl-lock.ts";
import { isSystemError, strerror } from "../system-error.ts";
import { type Finding, fail, pass, warn } from "./finding.ts";

const about = "spool";

function canAccess(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

/** Checks the user's mailbox: type, owner, mode and locks. */
export async function checkSpool({ config }: { config: Config }): Promise<Finding[]> {
  const path = systemMailbox(config);
  const { user } = config.identity;
  let found: Stats;
  try {
    found = statSync(path);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    if (error.code === "ENOENT") return [reportMissingSpool(path)];
    const repair = error.code === "EACCES" ? `chmod a+x ${dirname(path)}` : `set MAIL to a file; ${path} is not a file`;
    return [fail(about, `${path}: ${strerror(error)}`, repair)];
  }
  if (found.isDirectory()) return [checkMaildir(path)];
  if (!found.isFile()) return [fail(about, `${path} is not a regular file`, `rm ${path}; touch ${path}`)];
  return [checkOwnership(path, found, user), ...(await checkLocks(path))];
}

function reportMissingSpool(path: string): Finding {
  const directory = dirname(path);
  if (canAccess(directory, constants.X_OK)) return pass(about, `${path}: missing; the first delivery creates it`);
  return fail(
    about,
    `${directory}: no such directory`,
    `mkdir ${directory}; chown root:mail ${directory}; chmod 2775 ${directory}`,
  );
}

function checkMaildir(path: string): Finding {
  const complete = ["new", "cur", "tmp"].every((name) => canAccess(`${path}/${name}`, constants.W_OK | constants.X_OK));
  if (complete) return pass(about, `${path}: a Maildir, writable`);
  return fail(
    about,
    `${path}: a directory, but not a writable Maildir`,
    `mkdir -p ${path}/new ${path}/cur ${path}/tmp`,
  );
}

function checkOwnership(path: string, { mode, size, uid }: Stats, user: string): Finding {
  const repair = `chown ${user}:mail ${path}; chmod 660 ${path}`;
  if (!canAccess(path, constants.R_OK)) return fail(about, `${path}: ${user} cannot read it`, repair);
  if (!canAccess(path, constants.W_OK))
    return fail(about, `${path}: ${user} cannot write to it, so quit changes nothing`, repair);
  if ((mode & 0o007) !== 0)
    return warn(about, `${path}: every user on this machine can read it`, `chmod o-rwx ${path}`);
  const owner = uid === process.getuid?.() ? "yours" : `owned by user ${uid}`;
  return pass(about, `${path}: ${owner}, writable, ${size} bytes`);
}

/** Acquires and releases both locks. Nothing is written to the mailbox. */
async function checkLocks(path: string): Promise<Finding[]> {
  if (!canAccess(path, constants.W_OK)) return [];
  const findings: Finding[] = [];
  const holder = dotlockHolder(path);
  const dotlock = tryDotlock(path);
  if (typeof dotlock === "object") dotlock.release();
  const name = dotlockName(path);
  if (dotlock === "refused") {
    findings.push(reportHolder(path, holder));
  } else if (dotlock === "impossible") {
    findings.push(
      warn(
        "lock",
        `${dirname(path)}: no lock file can be created there; only fcntl() locks are used`,
        "apt-get install liblockfile-bin",
      ),
    );
  } else findings.push(pass("lock", `${name} can be created`));
  const descriptor = openSync(path, "r+");
  try {
    findings.push(fcntlFinding(path, await tryFcntlLock(descriptor)));
    await releaseFcntlLock(descriptor);
  } finally {
    closeSync(descriptor);
  }
  return findings;
}

function reportHolder(path: string, holder: number | undefined): Finding {
  const name = dotlockName(path);
  if (holder === undefined) {
    const remedy = `check whether a program is using it (fuser ${path}); if not, rm ${name}`;
    return warn("lock", `${name}: held by a program that did not write its process id`, remedy);
  }
  if (isRunning(holder)) {
    return warn("lock", `${name}: held by process ${holder}`, `ps ${holder} shows the program; wait until it exits`);
  }
  const remedy = `rm ${name}, unless another machine or a container delivers to this mailbox`;
  return warn("lock", `${name}: held by process ${holder}, which is not running on this machine`, remedy);
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return isSystemError(error) && error.code === "EPERM";
  }
}

function fcntlFinding(path: string, lock: Lock): Finding {
  if (lock === "taken") return pass("lock", `${path}: an fcntl() lock can be acquired`);
  if (lock === "refused") {
    return warn("lock", `${path}: another program holds an fcntl() lock on it`, `fuser -v ${path}`);
  }
  return warn("lock", `${path}: fcntl() locks are not available; only .lock files are used`, koffiRepair());
}

/**
 * Returns the command that installs koffi's binary. The binary is a separate package, which npm omits if optional
 * packages are disabled.
 */
function koffiRepair(): string {
  const program = realpathSync(process.argv[1] ?? "");
  return `cd ${join(dirname(program), "..")} && npm install --omit=dev --include=optional`;
}
