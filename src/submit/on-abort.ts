/**
 * Runs something once a signal is aborted: now, where it is already.
 *
 * @returns a function that ends the waiting for it
 */
export function onAbort(signal: AbortSignal | undefined, act: () => void): () => void {
  if (signal?.aborted === true) act();
  else signal?.addEventListener("abort", act);
  return () => signal?.removeEventListener("abort", act);
}
