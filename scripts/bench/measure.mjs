/** Measures one run of a program: elapsed time, processor time, peak memory and output. */
import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

let runs = 0;

/**
 * Runs a command and measures it.
 *
 * @param command argv; run under time(1), which adds a few tenths of a millisecond
 * @param input a file to use as standard input
 * @returns wall and cpu in seconds, memory in MiB, output as text; undefined after `limit` seconds
 */
export async function measure(command, { input, env, cwd, place, limit = 60 }) {
  const number = ++runs;
  const stdin = input === undefined ? "ignore" : openSync(input, "r");
  const outputPath = join(place, `out-${number}`);
  const output = openSync(outputPath, "w");
  const figures = join(place, `time-${number}`);
  try {
    const started = process.hrtime.bigint();
    const child = spawn("/usr/bin/time", ["-f", "%U %S %M", "-o", figures, ...command], {
      stdio: [stdin, output, output],
      env,
      cwd,
    });
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      stopChildren(child.pid);
    }, limit * 1000);
    const code = await new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", resolve);
    });
    clearTimeout(timer);
    const wall = Number(process.hrtime.bigint() - started) / 1e9;
    if (late) return undefined;
    const [user, system, kilobytes] = readFileSync(figures, "utf8").trim().split("\n").at(-1).split(" ").map(Number);
    return { wall, cpu: user + system, memory: kilobytes / 1024, code, output: readFileSync(outputPath, "utf8") };
  } finally {
    if (typeof stdin === "number") closeSync(stdin);
    closeSync(output);
    rmSync(outputPath, { force: true });
    rmSync(figures, { force: true });
  }
}

/** Kills the measured program, the only child of time(1), because time(1) does not forward signals. */
function stopChildren(pid) {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean);
  for (const child of children) process.kill(Number(child), "SIGKILL");
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
