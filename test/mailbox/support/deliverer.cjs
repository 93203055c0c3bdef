/**
 * A delivery agent that uses only one kind of lock: node deliverer.cjs fcntl|dotlock SPOOL NAME COUNT. Each message is
 * written in two halves under the lock, so that a program that reads without the lock sees half a message.
 */
const fs = require("node:fs");

const [how, spool, name, count] = process.argv.slice(2);
const wait = new Int32Array(new SharedArrayBuffer(4));
const pause = (milliseconds) => Atomics.wait(wait, 0, 0, milliseconds);

function fcntlLock() {
  const koffi = require("koffi");
  const fcntl = koffi.load(null).func("int fcntl(int, int, _Inout_ uint8_t *)");
  const setLock = (descriptor, type) => {
    const lock = Buffer.alloc(64);
    lock.writeInt16LE(type, 0);
    return fcntl(descriptor, 6, lock) === 0;
  };
  return {
    take(descriptor) {
      while (!setLock(descriptor, 1)) pause(Math.random() * 4);
    },
    give: (descriptor) => setLock(descriptor, 2),
  };
}

function dotlock() {
  const lock = `${spool}.lock`;
  return {
    take() {
      for (;;) {
        try {
          fs.writeFileSync(lock, `${process.pid}\n`, { flag: "wx" });
          return;
        } catch (error) {
          if (error.code !== "EEXIST") throw error;
          pause(Math.random() * 4);
        }
      }
    },
    give: () => fs.unlinkSync(lock),
  };
}

const lock = how === "fcntl" ? fcntlLock() : dotlock();
const descriptor = fs.openSync(spool, "a");
for (let number = 1; number <= Number(count); number++) {
  const text = `From ${name} Sat Jan 16 18:22:03 2021\nSubject: ${name}-${number}\n\n${"line\n".repeat(number % 40)}\n`;
  lock.take(descriptor);
  fs.writeSync(descriptor, text.slice(0, 50));
  if (number % 50 === 0) pause(2);
  fs.writeSync(descriptor, text.slice(50));
  fs.fsyncSync(descriptor);
  lock.give(descriptor);
  pause(6 + Math.random() * 6);
}
