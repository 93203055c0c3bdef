/** Saves the text when a signal ends `mail` before the message is sent. */
import { readFileSync } from "node:fs";
import { constants } from "node:os";

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
