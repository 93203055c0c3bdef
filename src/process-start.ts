import { readFileSync } from "node:fs";

/**
 * Returns the start time of a process, in clock ticks after boot. The start time distinguishes the process from a later
 * process with the same ID.
 *
 * @returns undefined if there is no such process
 * @see proc(5), field 22 of /proc/PID/stat
 */
export function readProcessStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}
