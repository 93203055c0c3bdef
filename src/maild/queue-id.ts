import { randomInt } from "node:crypto";

let next = randomInt(0x10_0000);

/** Returns a queue ID in the format of Postfix's short IDs, such as DE3232C16A: the microsecond, then a counter. */
export function createQueueId(): string {
  const microsecond = Number((process.hrtime.bigint() / 1000n) % 1_000_000n);
  next = (next + 1) % 0x10_0000;
  return formatHex(microsecond) + formatHex(next);
}

function formatHex(number: number): string {
  return number.toString(16).toUpperCase().padStart(5, "0");
}
