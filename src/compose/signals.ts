/** A hangup or a request to end while a message is typed: its text is kept first. */
const signals = ["SIGHUP", "SIGTERM"] as const;

/** @returns a function that takes the handlers away */
export function keepAtSignals(keep: () => Promise<unknown>): () => void {
  let ending = false;
  const handler = (signal: NodeJS.Signals) => {
    if (ending) return;
    ending = true;
    const end = () => {
      release();
      process.kill(process.pid, signal); // now with its own effect, so that the parent sees what ended us
    };
    keep().then(end, end);
  };
  const release = () => {
    for (const signal of signals) process.off(signal, handler);
  };
  for (const signal of signals) process.on(signal, handler);
  return release;
}
