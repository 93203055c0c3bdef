/**
 * Stops this process together with the child process that owns the terminal.
 *
 * Some programs, such as more, restore the terminal's modes before they stop. If this process stopped first, the shell
 * would take back the terminal too early. The child would then stop in the middle of this work, and again after `fg`.
 */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** The interval and the maximum time in milliseconds for which the other processes of the job are awaited. */
const interval = 5;
const patience = 1000;

/**
 * Delays each stop of this process (SIGTSTP) until the other processes of its job have stopped.
 *
 * @returns a function that restores the normal behaviour
 */
export function stopAfterChildren(): () => void {
  let isStopping = false;
  const stop = async () => {
    if (isStopping) return;
    isStopping = true;
    const end = Date.now() + patience;
    while (isJobRunning() && Date.now() < end) await sleep(interval);
    stopUntilContinued(process.pid);
    isStopping = false;
  };
  const onStop = () => void stop();
  process.on("SIGTSTP", onStop);
  return () => process.removeListener("SIGTSTP", onStop);
}

/** Stops the job, as the terminal does after Ctrl-Z. Returns when the user continues it, or at once if no shell can do so. */
export function stopJob(): void {
  stopUntilContinued(0);
}

/** Stops a process or, for 0, the job. The system stops this process only if it does not handle the signal. */
function stopUntilContinued(target: number): void {
  const handlers = process.listeners("SIGTSTP");
  process.removeAllListeners("SIGTSTP");
  process.kill(target, "SIGTSTP");
  for (const handler of handlers) process.on("SIGTSTP", handler);
}

/** Returns whether another process of this process's group is neither stopped nor dead. */
function isJobRunning(): boolean {
  const own = readProcess("self")?.group;
  return readdirSync("/proc").some((name) => {
    if (!/^\d+$/.test(name) || name === String(process.pid)) return false;
    const found = readProcess(name);
    return found !== undefined && found.group === own && !"TtZX".includes(found.state);
  });
}

/** Returns a process's state and process group (proc(5)), or undefined if it no longer exists. */
function readProcess(name: string): { readonly state: string; readonly group: string } | undefined {
  try {
    const [state = "", , group = ""] = readFileSync(`/proc/${name}/stat`, "latin1")
      .replace(/^.*\) /s, "")
      .split(" ");
    return { state, group };
  } catch {
    return undefined;
  }
}
