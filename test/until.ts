import { setTimeout as sleep } from "node:timers/promises";

/** Waits until something is so, looking every few milliseconds; what never comes about ends with the test's time. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(10);
}
