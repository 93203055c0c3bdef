/**
 * Acquires and releases the kernel's record locks, which Postfix, Exim, Dovecot and procmail respect. Node has no
 * interface to these locks.
 *
 * A POSIX lock belongs to the process, and is released as soon as the process closes *any* descriptor of the file. An
 * open file description lock (Linux, fcntl(2)) belongs to its descriptor. Such a lock also excludes this process's
 * other descriptors, and conflicts with the POSIX locks of other processes. Therefore, `mail` uses open file
 * description locks. It uses POSIX locks only if the kernel or file system does not support open file description
 * locks.
 */
import { loadCLibrary } from "../../libc.ts";
import { notify } from "../../notices.ts";

const F_SETLK = 6;
const F_OFD_SETLK = 37;
const F_RDLCK = 0;
const F_WRLCK = 1;
const F_UNLCK = 2;
const EINTR = 4;
const EAGAIN = 11;
const EACCES = 13;
const EINVAL = 22;

type Fcntl = (descriptor: number, command: number, lock: Buffer) => number;
type Flock = (descriptor: number, operation: number) => number;

interface Calls {
  readonly fcntl: Fcntl;
  readonly flock: Flock;
  readonly errno: () => number;
}

export type Lock = "taken" | "refused" | "impossible";

let calls: Promise<Calls | undefined> | undefined;

const warned = new Set<string>();

function warnOnce(text: string): void {
  if (warned.has(text)) return;
  warned.add(text);
  notify(text);
}

async function loadLockCalls(): Promise<Calls | undefined> {
  const library = await loadCLibrary();
  if (library === undefined) {
    warnOnce("fcntl() locks are not available (koffi cannot be loaded); mailboxes are locked with .lock files only");
    return undefined;
  }
  return {
    fcntl: library.bind<Fcntl>("int fcntl(int, int, _Inout_ uint8_t *)"),
    flock: library.bind<Flock>("int flock(int, int)"),
    errno: library.errno,
  };
}

/**
 * Loads the C library's lock functions; undefined if koffi has no binary for the platform. This failure is reported
 * once.
 */
function bindLockCalls(): Promise<Calls | undefined> {
  calls ??= loadLockCalls();
  return calls;
}

/**
 * Returns a struct flock: l_type, followed by zeros. The zeros select the whole file, regardless of the platform's
 * field widths.
 */
function lockWholeFile(type: number): Buffer {
  const lock = Buffer.alloc(64);
  lock.writeInt16LE(type, 0);
  return lock;
}

function lockBy({ fcntl, errno }: Calls, descriptor: number, command: number, type: number): Lock | "unknown" {
  for (;;) {
    if (fcntl(descriptor, command, lockWholeFile(type)) === 0) return "taken";
    const code = errno();
    if (code === EINTR) continue;
    if (code === EAGAIN || code === EACCES) return "refused";
    return code === EINVAL ? "unknown" : "impossible";
  }
}

function changeLock(found: Calls, descriptor: number, type: number): Lock {
  const lock = lockBy(found, descriptor, F_OFD_SETLK, type);
  if (lock !== "unknown") return lock;
  const posix = lockBy(found, descriptor, F_SETLK, type);
  return posix === "unknown" ? "impossible" : posix;
}

/**
 * Attempts to lock a file for writing.
 *
 * @param descriptor open for writing
 * @returns "impossible" if the platform or file system has no such locks
 */
export async function tryFcntlLock(descriptor: number): Promise<Lock> {
  const found = await bindLockCalls();
  if (found === undefined) return "impossible";
  const lock = changeLock(found, descriptor, F_WRLCK);
  if (lock === "impossible")
    warnOnce("this file system does not support fcntl() locks; mailboxes are locked with .lock files only");
  return lock;
}

/**
 * Attempts to acquire the shared lock, which any number of readers can hold at once.
 *
 * @param descriptor open for reading
 * @returns "refused" if a program holds the lock for writing; "impossible" if the platform or file system has no such locks
 */
export async function tryReadLock(descriptor: number): Promise<Lock> {
  const found = await bindLockCalls();
  return found === undefined ? "impossible" : changeLock(found, descriptor, F_RDLCK);
}

/** Releases a descriptor's fcntl lock. */
export async function releaseFcntlLock(descriptor: number): Promise<void> {
  const found = await bindLockCalls();
  if (found !== undefined) changeLock(found, descriptor, F_UNLCK);
}

const LOCK_EX_NB = 2 | 4;

/**
 * Attempts to acquire a flock(2) lock, which also works for directories. Only `mail` processes respect this lock.
 * Closing the descriptor releases the lock.
 */
export async function tryFlock(descriptor: number): Promise<Lock> {
  const found = await bindLockCalls();
  if (found === undefined) return "impossible";
  if (found.flock(descriptor, LOCK_EX_NB) === 0) return "taken";
  return found.errno() === EAGAIN ? "refused" : "impossible";
}
