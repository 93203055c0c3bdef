/**
 * Identifies states of a mailbox's contents, so that facts about messages stay valid although mail arrives and the end of
 * the mailbox is rewritten. The index stores the last generations.
 */

/** A state of a mailbox. Facts that were stored in this state are still true of its first `valid` messages. */
export interface Generation {
  /** A random number. */
  readonly id: number;
  readonly valid: number;
}

/** The last generations, the current one last. */
export type Generations = readonly Generation[];

/** The number of generations that the index stores. */
export const mostGenerations = 4;
const all = Number.MAX_SAFE_INTEGER;

/**
 * Begins a generation because messages have been rewritten.
 *
 * @param valid the number of messages at the beginning that are unchanged
 */
export function beginGeneration(before: Generations = [], valid = 0): Generations {
  const kept = valid === 0 ? [] : before.map((each) => ({ id: each.id, valid: Math.min(each.valid, valid) }));
  return [...kept, { id: Math.floor(Math.random() * 2 ** 48), valid: all }].slice(-mostGenerations);
}

/** Returns the number of messages of which the facts of a generation are still true. */
export function countValid(generations: Generations, id: number): number {
  return generations.find((each) => each.id === id)?.valid ?? 0;
}

/** Returns the number that identifies the current generation. */
export function currentGeneration(generations: Generations): number {
  return generations.at(-1)?.id ?? 0;
}
