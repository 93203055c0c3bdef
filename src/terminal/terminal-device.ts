/**
 * The terminal that lines are typed on, opened anew for each stretch of reading.
 *
 * Node's standard input is over for good after a Ctrl-D, and a pending read of descriptor 0 keeps the process from
 * ending. So each stretch has a stream of its own, destroyed whenever nobody waits for a line.
 */
import { closeSync, openSync } from "node:fs";
import { ReadStream } from "node:tty";
import { isSystemError } from "../system-error.ts";

/** Returns undefined when the terminal is gone, as after a hang-up */
export function openTerminalDevice(): ReadStream | undefined {
  const descriptor = openDescriptor();
  if (descriptor === undefined) return undefined;
  try {
    return readStreamOf(descriptor);
  } catch {
    closeSync(descriptor);
    return undefined;
  }
}

/** Returns a stream that has all of the descriptor: a terminal is opened once more by libuv, which then closes only its own. */
export function readStreamOf(descriptor: number): ReadStream {
  const stream = new ReadStream(descriptor);
  const handle: unknown = Reflect.get(stream, "_handle");
  const own: unknown = typeof handle === "object" && handle !== null ? Reflect.get(handle, "fd") : undefined;
  if (typeof own === "number" && own >= 0 && own !== descriptor) closeSync(descriptor);
  return stream;
}

function openDescriptor(): number | undefined {
  // /proc/self/fd/0 first: standard input may be another terminal than the controlling one. After su it may not be ours.
  for (const path of ["/proc/self/fd/0", "/dev/tty"]) {
    try {
      return openSync(path, "r");
    } catch (error) {
      if (!isSystemError(error)) throw error;
    }
  }
  return undefined;
}
