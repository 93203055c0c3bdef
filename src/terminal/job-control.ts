/**
 * Stops this process together with the child process that owns the terminal.
 *
 * Some programs, such as more, restore the terminal's modes before they stop. If this process stopped first, the shell
 * would reclaim the terminal too early. The child would then be stopped before it has restored the modes, and again
 * after `fg`.
 */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** The interval at which the other processes of the job are checked, and the maximum wait, both in milliseconds. */
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

/**
 * Stops the job, as the terminal does after Ctrl-Z. Returns when the user continues the job, or at once if no shell
 * controls the job.
 */
export function stopJob(): void {
  stopUntilContinued(0);
}

/**
 * Stops a process or, if `target` is 0, the job. The handlers are removed first, because the system does not stop a
 * process that handles the signal.
 */
function stopUntilContinued(target: number): void {
  const handlers = process.listeners("SIGTSTP");
  process.removeAllListeners("SIGTSTP");
  process.kill(target, "SIGTSTP");
  for (const handler of handlers) process.on("SIGTSTP", handler);
}

/** Returns whether any other process in this process group is running, that is, not stopped or dead. */
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
