/** `mail ADDRESS...`: one message, and its outcome as the exit code. */
import type { SaidOptions } from "../cli/parse.ts";
import { compose } from "../compose/compose.ts";
import { emptyDraft } from "../compose/draft.ts";
import type { ExitCode } from "../errors.ts";
import { composeContext } from "./compose-context.ts";
import type { Session } from "./session.ts";

/** A newline in what a script gives would begin another field: it becomes a blank, as bsd-mailx has it. */
function oneLine(text: string): string {
  return text.replace(/[\r\n]/g, " ");
}

export async function send(session: Session, said: SaidOptions): Promise<ExitCode> {
  const draft = emptyDraft();
  draft.to = [...said.words];
  draft.cc = [...said.cc];
  draft.bcc = [...said.bcc];
  draft.subject = said.subject === undefined ? undefined : oneLine(said.subject);
  draft.from = said.from;
  draft.fields = said.header.map((line) => {
    const [, name = "", value = ""] = /^([^:\s]+)[ \t]*:[ \t]*(.*)$/s.exec(oneLine(line)) ?? [];
    return name === "" ? { name: "", value: oneLine(line) } : { name, value };
  });
  const context = composeContext(session, { subject: said.subject === undefined });
  const skipEmpty = said.skipEmpty || session.config.settings.get("skipempty");
  const { exit } = await compose({ ...context, skipEmpty }, draft);
  return exit;
}
