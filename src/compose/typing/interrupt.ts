/** Handles Ctrl-C and fatal signals while a message is being composed. */
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { Interrupted } from "../../submit/submission-errors.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import type { Composing } from "./tilde-escape.ts";

/** Turns Ctrl-C into an abort signal for the current work, until `close` is called. */
export class Interrupt {
  readonly #controller = new AbortController();
  readonly #stop: () => void;
  #ignored = false;

  constructor(terminal: Pick<Terminal, "onInterrupt">) {
    this.#stop = terminal.onInterrupt(() => {
      if (!this.#ignored) this.end();
    });
  }

  /** The abort signal. Its reason is Interrupted. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  end(): void {
    this.#controller.abort(new Interrupted());
  }

  /** Runs work that handles interrupts itself. */
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

/** Counts the interrupts since the last typed line. The second one ends the message, as in bsd-mailx. */
export class InterruptCount {
  readonly #composing: Pick<Composing, "terminal" | "config">;
  #count = 0;

  constructor(composing: Pick<Composing, "terminal" | "config">) {
    this.#composing = composing;
  }

  reset(): void {
    this.#count = 0;
  }

  /** Counts an interrupt, and returns whether it ends the message. If `ignore` is set, no interrupt does. */
  endsMessage(): boolean {
    const { terminal, config } = this.#composing;
    if (config.settings.get("ignore")) {
      terminal.out("@\n");
      return false;
    }
    if (++this.#count > 1) {
      // The next prompt must not appear on the typed line.
      if (terminal.rich) terminal.out("\n");
      return true;
    }
    terminal.out("\n(Interrupt -- one more to kill letter)\n");
    return false;
  }
}

/** Runs work with a signal that an interrupt aborts. */
export async function runInterruptibly<T>(
  terminal: Pick<Terminal, "onInterrupt">,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const interrupt = new Interrupt(terminal);
  try {
    return await work(interrupt.signal);
  } finally {
    interrupt.close();
  }
}

const ends = ["SIGHUP", "SIGTERM", "SIGQUIT"] as const;

/**
 * Returns the signals that this process does not ignore (proc(5), SigIgn). A handler would let an ignored signal, such
 * as SIGHUP under nohup, end the process.
 */
function withoutIgnored(signals: readonly NodeJS.Signals[]): NodeJS.Signals[] {
  try {
    const mask = /^SigIgn:\s*([\da-f]+)/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1] ?? "0";
    return signals.filter((signal) => ((BigInt(`0x${mask}`) >> BigInt(constants.signals[signal] - 1)) & 1n) === 0n);
  } catch {
    return [...signals];
  }
}

/**
 * Installs signal handlers that save the text and then end the process.
 *
 * @param interactive whether the terminal's reader handles SIGINT; otherwise SIGINT is also a request to exit
 * @returns a function that removes the handlers; after a signal it returns only when the process ends
 */
export function keepAtSignals(
  keep: () => Promise<unknown>,
  { interactive }: { readonly interactive: boolean },
): () => Promise<void> {
  const signals: readonly NodeJS.Signals[] = interactive ? ends : [...ends, "SIGINT"];
  let ending: Promise<void> | undefined;
  const handler = (signal: NodeJS.Signals) => {
    const end = () => {
      release();
      // Without a handler the signal has its default effect, and the parent process sees which signal ended `mail`.
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    };
    ending ??= keep().then(end, end);
  };
  const release = () => {
    for (const signal of signals) process.off(signal, handler);
  };
  for (const signal of withoutIgnored(signals)) process.on(signal, handler);
  return async () => {
    await ending;
    release();
  };
}
