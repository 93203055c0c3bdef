/**
 * Lists of any length. A call with spread arguments (`push(...items)`, `Math.max(...numbers)`) needs room on the stack for each of
 * them, and a message may hold more than there is room for; test/spread-calls.test.ts refuses such calls.
 */

/** Adds items to the end of a list. */
export function pushAll<Item>(list: Item[], items: Iterable<Item>): void {
  for (const item of items) list.push(item);
}

/** Returns the largest number; 0 if there is none, or none above it. */
export function largest(numbers: Iterable<number>): number {
  let found = 0;
  for (const number of numbers) found = Math.max(found, number);
  return found;
}
