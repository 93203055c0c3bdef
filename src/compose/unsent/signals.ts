/** A hangup or a request to end, before a message is sent: its text is kept first. */
import { readFileSync } from "node:fs";
import { constants } from "node:os";

const ends = ["SIGHUP", "SIGTERM", "SIGQUIT"] as const;

/** Not those that whoever started us wants ignored, as nohup does; a handler would end that. proc(5), SigIgn. */
function withoutIgnored(signals: readonly NodeJS.Signals[]): NodeJS.Signals[] {
  try {
    const mask = /^SigIgn:\s*([\da-f]+)/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1] ?? "0";
    return signals.filter((signal) => ((BigInt(`0x${mask}`) >> BigInt(constants.signals[signal] - 1)) & 1n) === 0n);
  } catch {
    return [...signals];
  }
}

/**
 * @param interactive an interrupt is answered by who reads the terminal; elsewhere it is one more request to end
 * @returns a function that takes the handlers away; where a signal has come, it comes back only after the end
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
      // Without any handler, so that the signal has its own effect and the parent sees what ended the process.
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
