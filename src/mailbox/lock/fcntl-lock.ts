/**
 * Real POSIX record locks, which Postfix, Exim, Dovecot and procmail respect; Node has none of its own.
 *
 * Such a lock belongs to the process and is gone as soon as *any* descriptor of the file is closed in it.
 */
import type { KoffiFunc } from "koffi";

const F_SETLK = 6;
const F_WRLCK = 1;
const F_UNLCK = 2;

type Fcntl = KoffiFunc<(descriptor: number, command: number, lock: Buffer) => number>;
let fcntl: Fcntl | undefined | "absent";

async function load(): Promise<Fcntl | undefined> {
  if (fcntl === undefined) {
    try {
      const { default: koffi } = await import("koffi");
      fcntl = koffi.load("libc.so.6").func("int fcntl(int, int, _Inout_ uint8_t *)") as Fcntl;
    } catch {
      // No binary for this platform: the dotlock alone has to do.
      fcntl = "absent";
    }
  }
  return fcntl === "absent" ? undefined : fcntl;
}

/** struct flock of 64-bit Linux: l_type and l_whence, then l_start and l_len of 0, the whole file. */
function whole(type: number): Buffer {
  const lock = Buffer.alloc(32);
  lock.writeInt16LE(type, 0);
  return lock;
}

/** @returns false when another process holds a lock on the file; true also where the platform has no such locks */
export async function tryFcntlLock(descriptor: number): Promise<boolean> {
  const call = await load();
  return call === undefined || call(descriptor, F_SETLK, whole(F_WRLCK)) === 0;
}

export async function releaseFcntlLock(descriptor: number): Promise<void> {
  const call = await load();
  call?.(descriptor, F_SETLK, whole(F_UNLCK));
}
