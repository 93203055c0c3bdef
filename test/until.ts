import { setTimeout as sleep } from "node:timers/promises";

/**
 * Checks a condition every few milliseconds until it is true. If the condition never becomes true, the test times out.
 */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(10);
}
