/**
 * Runs a function when a signal is aborted, or immediately if the signal is already aborted.
 *
 * @returns a function that removes the listener
 */
export function runOnAbort(signal: AbortSignal | undefined, act: () => void): () => void {
  if (signal?.aborted === true) act();
  else signal?.addEventListener("abort", act);
  return () => signal?.removeEventListener("abort", act);
}
