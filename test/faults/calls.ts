/** Traces the system calls of a client with strace, and makes a selected call fail. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Ended, Lab } from "./lab.ts";

export const writes = ["write", "pwrite64", "writev", "pwritev", "fsync", "fdatasync", "ftruncate"];
export const changes = [
  ...writes,
  "truncate",
  "rename",
  "renameat",
  "renameat2",
  "unlink",
  "unlinkat",
  "link",
  "linkat",
];

export interface Call {
  readonly name: string;
  /** The number of this call among the thread's calls with the same name, counted from 1. */
  readonly ordinal: number;
  /** The arguments and the result in strace's format. A descriptor is followed by its `<path>`. */
  readonly text: string;
}

const trace = ({ root }: Lab) => join(root, "trace");

/** Returns, in order, the calls in the last trace that concern a file in the lab. */
function readCalls(lab: Lab): Call[] {
  const counts = new Map<string, number>();
  return readFileSync(trace(lab), "latin1")
    .split("\n")
    .flatMap((line) => {
      const [, thread, name = "", text = ""] = /^(\d+) +(\w+)\((.*)$/.exec(line) ?? [];
      const ordinal = (counts.get(`${thread} ${name}`) ?? 0) + 1;
      counts.set(`${thread} ${name}`, ordinal);
      const isByName = /^(?:open|rename|link|unlink|truncate)/.test(name);
      return (isByName ? text.includes(lab.root) : /^\d+</.test(text) && text.includes(`<${lab.root}/`))
        ? [{ name, ordinal, text }]
        : [];
    });
}

function strace(lab: Lab, ...options: readonly string[]): string[] {
  return ["strace", "-f", "-y", "-qq", "-s", "40", "-e", "signal=none", "-o", trace(lab), ...options];
}

/** Runs a session without faults and traces it. */
export async function traceSession(
  lab: Lab,
  commands: string[],
  calls: string[],
): Promise<{ ended: Ended; calls: Call[] }> {
  const ended = await lab.play(commands, { prefix: strace(lab, "-e", `trace=${calls.join(",")}`) });
  return { ended, calls: readCalls(lab) };
}

/**
 * Runs a session in which one call is replaced.
 *
 * @param fault `signal=KILL` or `error=ENOSPC`, in the syntax of strace(1)
 * @param isLasting whether all later calls with this name are also replaced
 * @returns the session's result and the replaced calls
 */
export async function playWithFault(
  lab: Lab,
  commands: string[],
  { name, ordinal }: Call,
  fault: string,
  isLasting = false,
) {
  const inject = `inject=${name}:${fault}:when=${ordinal}${isLasting ? "+" : ""}`;
  const ended = await lab.play(commands, { prefix: strace(lab, "-e", `trace=${name}`, "-e", inject) });
  return { ended, hit: readCalls(lab).filter(({ text }) => text.includes("(INJECTED)")) };
}
