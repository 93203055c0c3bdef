/**
 * This file is preloaded into the program (node -r). The calls that write to the file system are numbered, and the
 * program is killed just before the call with the number MAIL_KILL_AT. With MAIL_KILL_LOG, the calls are instead logged
 * to the file that the variable names. With MAIL_KILL_TORN, half of the interrupted write's bytes are written first.
 */
const fs = require("node:fs");
const { appendFileSync } = fs;

const at = Number(process.env.MAIL_KILL_AT ?? 0);
const log = process.env.MAIL_KILL_LOG;
let count = 0;

function concerns(name, argument) {
  if (name === "openSync") return true;
  // Writes to standard output and standard error do not count as file system writes.
  return !(typeof argument === "number" && argument <= 2);
}

function tear(write, [descriptor, bytes, start, length, position]) {
  if (typeof bytes === "string") return;
  // As with a real kill, the write ends at a page boundary of the file.
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
  // promisify(fsync) uses properties of the original function.
  Object.assign(fs[name], original);
}
