import { setTimeout as sleep } from "node:timers/promises";

/** Waits until a condition is true, and checks it every few milliseconds. If it never becomes true, the test times out. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(10);
}
