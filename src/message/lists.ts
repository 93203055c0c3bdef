/**
 * Functions for lists of any length. A call with spread arguments (`push(...items)`, `Math.max(...numbers)`) puts every
 * item on the stack, so a large message could overflow the stack. test/spread-calls.test.ts forbids such calls.
 */

/** Appends items to a list. */
export function pushAll<Item>(list: Item[], items: Iterable<Item>): void {
  for (const item of items) list.push(item);
}

/** Returns the largest number, or 0 if no number is positive. */
export function findLargest(numbers: Iterable<number>): number {
  let found = 0;
  for (const number of numbers) found = Math.max(found, number);
  return found;
}
