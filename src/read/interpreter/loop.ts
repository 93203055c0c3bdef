/** The session's loop: it prompts, reads and runs commands until quit, exit or the end of input. */
import { Exit } from "../../errors.ts";
import { decodeBytes, toBytes } from "../../message/text.ts";
import type { Input, Terminal } from "../../terminal/terminal.ts";
import { takeInNewMail } from "../folder/open-folder.ts";
import type { Session } from "../session/session.ts";
import { withoutContinuation } from "./blocks.ts";
import { executeLine } from "./interpreter.ts";
import { promptOf } from "./prompt.ts";

/** The maximum number of consecutive ends of input that ignoreeof ignores. The next one ends the session. */
const mostEnds = 24;

/** The longest line in bytes; as in bsd-mailx, longer lines are read as several lines. */
const longestLine = 8191;

/** The lines that are typed or piped in, split at the maximum length. */
class CommandLines {
  readonly #terminal: Terminal;
  #cut: Buffer = Buffer.alloc(0);

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  async next(prompt: string): Promise<Input> {
    if (this.#cut.length > 0) return this.#piece(this.#cut);
    const input = await this.#terminal.readLine(prompt, "command");
    if (input.kind !== "line" || input.text.length < longestLine / 4) return input;
    return this.#piece(toBytes(input.text));
  }

  #piece(line: Buffer): Input {
    this.#cut = line.subarray(longestLine);
    return { kind: "line", text: decodeBytes(line.subarray(0, longestLine)), ended: true };
  }
}

/** How a session ended. "lost" means that the terminal was lost: nothing is written, and pending changes are kept. */
type Ended = "quit" | "exit" | "lost";

/** Reads and runs commands until the session ends. @returns how the session ended */
export async function runSession(session: Session): Promise<Ended> {
  const { terminal, config } = session;
  const lines = new CommandLines(terminal);
  let ends = 0;
  let begun = "";
  while (session.ending === undefined) {
    if (begun === "" && terminal.interactive && config.settings.get("autoinc") && session.folder !== undefined) {
      if ((await takeInNewMail(session.folder)) > 0) terminal.out("New mail has arrived.\n");
    }
    const arrived = begun === "" ? session.comfort?.newMail() : undefined;
    if (arrived !== undefined) terminal.out(`${arrived}\n`, "hint");
    const input = await lines.next(begun === "" ? promptOf(session) : "");
    session.interrupted = false;
    if (input.kind === "interrupt") {
      terminal.out("Interrupt\n");
      begun = "";
      continue;
    }
    if (input.kind === "end") {
      if (terminal.lost) return "lost";
      if (begun !== "") {
        await runLine(session, begun);
        break;
      }
      if (terminal.interactive && config.settings.get("ignoreeof") && ++ends <= mostEnds) {
        terminal.out('Use "quit" to quit.\n');
        continue;
      }
      break;
    }
    ends = 0;
    const line = begun + (begun === "" ? input.text : input.text.replace(/^[ \t]+/, ""));
    const goesOn = withoutContinuation(line);
    begun = goesOn ?? "";
    if (goesOn === undefined) await runLine(session, line);
  }
  return session.ending ?? "quit";
}

/** Runs a command and closes its undo step. Ctrl-C ends the command early if it checks for interrupts. */
async function runLine(session: Session, line: string): Promise<void> {
  const { terminal, folder } = session;
  const current = folder?.current ?? 0;
  session.interrupted = false;
  session.reason = Exit.Failure;
  const done = await executeLine(session, line);
  if (folder !== undefined && folder === session.folder)
    await folder.history.close(line, current, terminal.interactive);
  if (session.interrupted) terminal.out("Interrupt\n");
  if (done || !session.config.settings.get("errexit")) return;
  session.failure ??= session.reason;
  session.ending = "exit";
}
