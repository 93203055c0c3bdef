/**
 * Preloaded into the program (node -r): kills it just before the write-type call of the file system whose number
 * MAIL_KILL_AT names. With MAIL_KILL_LOG, the calls are named in that file instead. With MAIL_KILL_TORN, half of what a
 * write was to write is written first.
 */
const fs = require("node:fs");
const { appendFileSync } = fs;

const at = Number(process.env.MAIL_KILL_AT ?? 0);
const log = process.env.MAIL_KILL_LOG;
let count = 0;

function concerns(name, argument) {
  if (name === "openSync") return true;
  // Standard output and error are no part of the store.
  return !(typeof argument === "number" && argument <= 2);
}

function tear(write, [descriptor, bytes, start, length, position]) {
  if (typeof bytes === "string") return;
  // As a kill does it: up to the end of a page of the file.
  const half = Math.ceil(length / 2);
  const end = position === null ? half : Math.floor((position + half) / 4096) * 4096 - position;
  if (end > 0) write.call(fs, descriptor, bytes, start, end, position);
}

const calls = [
  "write",
  "writeSync",
  "fsyncSync",
  "fsync",
  "ftruncateSync",
  "renameSync",
  "unlinkSync",
  "rmSync",
  "mkdirSync",
  "linkSync",
  "futimesSync",
];
for (const name of calls) {
  const original = fs[name];
  fs[name] = function (...given) {
    if (concerns(name, given[0])) {
      count++;
      if (log !== undefined) appendFileSync(log, `${count} ${name} ${typeof given[0] === "string" ? given[0] : ""}\n`);
      if (count === at) {
        if (process.env.MAIL_KILL_TORN !== undefined && name === "writeSync" && given[1].length > 1)
          tear(original, given);
        process.kill(process.pid, "SIGKILL");
      }
    }
    return original.apply(this, given);
  };
  // promisify(fsync) takes what the function says of itself.
  Object.assign(fs[name], original);
}
