/**
 * Preloaded into the program (node -r): kills it just before the write-type call of the file system whose number
 * MAIL_KILL_AT names. With MAIL_KILL_LOG, the calls are named in that file instead.
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

const calls = [
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
      if (count === at) process.kill(process.pid, "SIGKILL");
    }
    return original.apply(this, given);
  };
  // promisify(fsync) takes what the function says of itself.
  Object.assign(fs[name], original);
}
