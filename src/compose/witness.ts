/** What is shown of a dialogue: for people with -v, for programs with --trace=json. */
import type { Witness } from "../submit/transport.ts";
import type { Terminal } from "../terminal/terminal.ts";

const marks = { client: "client> ", server: "server> ", note: "--- ", phase: "--- " };

/** @returns undefined when nobody looks on */
export function witnessOf(terminal: Terminal, wanted: { verbose: boolean; json: boolean }): Witness | undefined {
  if (!wanted.verbose && !wanted.json) return undefined;
  let phase = "";
  return (side, line) => {
    if (side === "phase") phase = line.split(":", 1)[0] ?? "";
    if (wanted.json) {
      const what = side === "phase" ? {} : { side, line };
      terminal.err(`${JSON.stringify({ time: new Date().toISOString(), phase, ...what })}\n`);
    }
    if (wanted.verbose) {
      const style = side === "phase" ? "field-name" : side === "note" ? "hint" : "plain";
      terminal.out(`${marks[side]}${line}`, style);
      terminal.out("\n");
    }
  };
}
