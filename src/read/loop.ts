/** The session's loop: prompt, line, command, until quit, exit or the end of input. */
import { continued, execute } from "./interpreter.ts";
import { takeInNewMail } from "./new-mail.ts";
import type { Session } from "./session.ts";

const prompt = "& ";
/** So many ends of input in a row are answered with ignoreeof; then input is really at its end. */
const mostEnds = 24;

export async function runSession(session: Session): Promise<"quit" | "exit"> {
  const { terminal, config } = session;
  let ends = 0;
  let begun = "";
  while (session.ending === undefined) {
    if (begun === "" && terminal.interactive && config.settings.get("autoinc") && session.folder !== undefined) {
      if ((await takeInNewMail(session.folder)) > 0) terminal.out("New mail has arrived.\n");
    }
    const input = await terminal.readLine(begun === "" ? prompt : "", "command");
    if (input.kind === "interrupt") {
      terminal.out("\nInterrupt\n");
      begun = "";
      continue;
    }
    if (input.kind === "end") {
      if (begun !== "") {
        await execute(session, begun);
        break;
      }
      if (terminal.interactive && config.settings.get("ignoreeof") && ++ends < mostEnds) {
        terminal.out('Use "quit" to quit.\n');
        continue;
      }
      if (terminal.inputIsTerminal) terminal.out("\n");
      break;
    }
    ends = 0;
    const line = begun + (begun === "" ? input.text : input.text.replace(/^[ \t]+/, ""));
    const goesOn = continued(line);
    begun = goesOn ?? "";
    if (goesOn === undefined) await execute(session, line);
  }
  return session.ending ?? "quit";
}
