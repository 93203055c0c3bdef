/** Turns Ctrl-C into an abort signal, and calls functions when a signal is aborted. */
import { Interrupted } from "./submission-errors.ts";

/** A source of interrupts, such as the terminal. */
interface Interruptible {
  onInterrupt(handler: () => void): () => void;
}

/** Turns Ctrl-C into an abort signal for the current operation until `close` is called. */
export class Interrupt {
  readonly #controller = new AbortController();
  readonly #stop: () => void;
  #ignored = false;

  constructor(terminal: Interruptible) {
    this.#stop = terminal.onInterrupt(() => {
      if (!this.#ignored) this.end();
    });
  }

  /** The abort signal. The signal's abort reason is an `Interrupted` error. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  end(): void {
    this.#controller.abort(new Interrupted());
  }

  /** Runs an operation that handles interrupts itself. */
  async ignored<T>(work: () => Promise<T>): Promise<T> {
    this.#ignored = true;
    try {
      return await work();
    } finally {
      this.#ignored = false;
    }
  }

  close(): void {
    this.#stop();
  }
}

/** Runs an operation with a signal that is aborted if the user presses Ctrl-C. */
export async function runInterruptibly<T>(
  terminal: Interruptible,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const interrupt = new Interrupt(terminal);
  try {
    return await work(interrupt.signal);
  } finally {
    interrupt.close();
  }
}

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
