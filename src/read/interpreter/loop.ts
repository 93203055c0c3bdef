/** The session's loop: prompt, line, command, until quit, exit or the end of input. */
import { Exit } from "../../errors.ts";
import { fromBytes, toBytes } from "../../message/text.ts";
import type { Input, Terminal } from "../../terminal/terminal.ts";
import { takeInNewMail } from "../folder/folder.ts";
import type { Session } from "../session/session.ts";
import { executeLine, withoutContinuation } from "./interpreter.ts";
import { promptOf } from "./prompt.ts";

/** So many ends of input in a row are answered with ignoreeof; then input is really at its end. */
const mostEnds = 24;

/** Lines longer than this are read as several, as in bsd-mailx. */
const longestLine = 8191;

/** The lines that are typed or piped in, none longer than the longest one may be. */
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
    return { kind: "line", text: fromBytes(line.subarray(0, longestLine)), ended: true };
  }
}

/** "lost": the terminal went away, so that nothing is to be written, and nothing forgotten. */
type Ended = "quit" | "exit" | "lost";

/** Reads and runs commands until the session ends. @returns how it ended */
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

/** Runs a command; Ctrl-C ends it early if it looks for that. What it changed is what undo takes back. */
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
