/** Where messages wait. Apart from the queue itself: a send only looks whether there is one. */
import { join } from "node:path";

/** @param state the state directory of the user */
export function queueDirectory(state: string): string {
  return join(state, "queue");
}
