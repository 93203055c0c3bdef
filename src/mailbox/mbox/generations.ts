/**
 * Numbers the generations of a mailbox's contents. A new generation begins when messages are rewritten. Facts from an
 * earlier generation remain valid for all messages before the first rewritten message. The index stores the last few
 * generations.
 */

/**
 * A generation of a mailbox. Facts that were stored in this generation still hold for the first messages of the
 * mailbox; `valid` is the number of these messages.
 */
export interface Generation {
  /** A random number. */
  readonly id: number;
  readonly valid: number;
}

/** The last few generations in chronological order; the last one is the current generation. */
export type Generations = readonly Generation[];

/** The number of generations that the index stores. */
export const mostGenerations = 4;
const all = Number.MAX_SAFE_INTEGER;

/**
 * Starts a new generation. Called when messages have been rewritten.
 *
 * @param valid the number of unchanged messages at the beginning of the mailbox
 */
export function beginGeneration(before: Generations = [], valid = 0): Generations {
  const kept = valid === 0 ? [] : before.map((each) => ({ id: each.id, valid: Math.min(each.valid, valid) }));
  return [...kept, { id: Math.floor(Math.random() * 2 ** 48), valid: all }].slice(-mostGenerations);
}

/** Returns the number of messages for which facts from a generation still hold. */
export function countValid(generations: Generations, id: number): number {
  return generations.find((each) => each.id === id)?.valid ?? 0;
}

/** Returns the number that identifies the current generation. */
export function currentGeneration(generations: Generations): number {
  return generations.at(-1)?.id ?? 0;
}
