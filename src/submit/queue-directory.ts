/** The queue's directory. It is separate from queue.ts, because sending only checks whether the directory exists. */
import { join } from "node:path";

/**
 * Returns the path of the queue's directory.
 *
 * @param state the user's state directory
 */
export function queuePath(state: string): string {
  return join(state, "queue");
}
