/**
 * Locks a mailbox as another program does, with `fcntl`, `dotlock` or `both`.
 *
 * `node locker.cjs hold HOW MAILBOX SECONDS` prints `held`, and later the mailbox's contents as JSON. `node locker.cjs
 * deliver HOW MAILBOX FILE FIRST` delivers each message of FILE (a JSON array) in two writes.
 *
 * FIRST is the lock that is acquired first if HOW is `both`. If the second lock is not acquired within a second, both
 * are released.
 */
const fs = require("node:fs");
const koffi = require("koffi");

const [task, how, path, ...words] = process.argv.slice(2);
const fcntl = koffi.load(null).func("int fcntl(int, int, _In_ uint8_t *)");
const dotlock = `${path}.lock`;
const sleep = (milliseconds) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);

/** Acquires a write lock on the whole file with F_SETLK. */
function lockFile(descriptor) {
  const lock = Buffer.alloc(64);
  lock.writeInt16LE(1, 0);
  return fcntl(descriptor, 6, lock) === 0;
}

function retry(attempt, milliseconds) {
  for (const until = Date.now() + milliseconds; Date.now() < until; sleep(1 + Math.random() * 10)) {
    const result = attempt();
    if (result !== undefined) return result;
  }
  return undefined;
}

function createDotlock() {
  try {
    fs.writeFileSync(dotlock, `${process.pid}\n`, { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    return undefined;
  }
}

/** Opens the file that the path currently leads to, and locks it. */
function openLocked() {
  const descriptor = fs.openSync(path, "a+", 0o600);
  if (lockFile(descriptor) && fs.fstatSync(descriptor).ino === fs.statSync(path, { throwIfNoEntry: false })?.ino) {
    return descriptor;
  }
  fs.closeSync(descriptor);
  return undefined;
}

function acquire(first) {
  if (how === "fcntl") return retry(openLocked, 20_000);
  if (how === "dotlock") return retry(createDotlock, 20_000) && fs.openSync(path, "a", 0o600);
  return retry(() => {
    if (first === "dotlock") {
      if (!retry(createDotlock, 5000)) return undefined;
      const descriptor = retry(openLocked, 1000);
      if (descriptor === undefined) fs.unlinkSync(dotlock);
      return descriptor;
    }
    const descriptor = retry(openLocked, 5000);
    if (descriptor === undefined || retry(createDotlock, 1000)) return descriptor;
    fs.closeSync(descriptor);
    return undefined;
  }, 30_000);
}

function release(descriptor) {
  fs.closeSync(descriptor);
  if (how !== "fcntl") fs.unlinkSync(dotlock);
}

const tasks = {
  hold(seconds) {
    const descriptor = acquire("dotlock");
    process.stdout.write("held\n");
    sleep(1000 * Number(seconds));
    const { size, mtimeMs } = fs.statSync(path);
    process.stdout.write(JSON.stringify({ size, mtimeMs, hasDotlock: fs.existsSync(dotlock) }));
    release(descriptor);
  },
  deliver(file, first) {
    for (const message of JSON.parse(fs.readFileSync(file, "utf8"))) {
      const descriptor = acquire(first);
      if (descriptor === undefined) throw new Error(`no ${how} lock within 20 seconds`);
      const half = Math.floor(message.length / 2);
      fs.writeSync(descriptor, Buffer.from(message.slice(0, half), "latin1"));
      sleep(2);
      fs.writeSync(descriptor, Buffer.from(message.slice(half), "latin1"));
      fs.fsyncSync(descriptor);
      release(descriptor);
      sleep(Math.random() * 30);
    }
  },
};

tasks[task](...words);
