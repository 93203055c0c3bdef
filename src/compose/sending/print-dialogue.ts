/** Prints dialogues with servers: as text for -v, as JSON lines for --trace=json. */
import { formatJson } from "../../message/safe-text.ts";
import type { DialogueObserver } from "../../submit/dialogue.ts";
import { makeTranscript } from "../../submit/transcript.ts";
import type { Terminal } from "../../terminal/terminal.ts";

const marks = { client: "client> ", server: "server> ", note: "--- ", phase: "--- " };

/** Returns an observer of dialogues that prints their transcript as text, as JSON lines, or both. */
export function printDialogue(terminal: Terminal, wanted: { verbose: boolean; json: boolean }): DialogueObserver {
  let phase = "";
  return makeTranscript((side, line) => {
    if (side === "phase") phase = line.split(":", 1)[0] ?? "";
    if (wanted.json) {
      const what = side === "phase" ? {} : { side, line };
      terminal.err(`${formatJson({ time: new Date().toISOString(), phase, ...what })}\n`);
    }
    if (wanted.verbose) {
      const style = side === "phase" ? "field-name" : side === "note" ? "hint" : "plain";
      terminal.out(`${marks[side]}${line}`, style);
      terminal.out("\n");
    }
  });
}
