/** mail: a new message from within a session. */
import { compose } from "../../compose/compose.ts";
import { emptyDraft } from "../../compose/draft/draft.ts";
import { typedItems } from "../../compose/draft/recipients.ts";
import { Exit } from "../../errors.ts";
import { composeContext } from "../send/compose-context.ts";
import { type Command, command, type Takes } from "../session/command.ts";

const takesNames: Takes<string[]> = {
  synopsis: "[name ...]",
  parse: (_session, rest) => typedItems(rest),
};

export const mailCommands: readonly Command[] = [
  command({
    name: "mail",
    task: "send",
    takes: takesNames,
    summary: "Write a message to these addresses and send it.",
    example: "mail ann@example.org",
    barred: ["sourcing", "recursing"],
    run: async (session, names) => {
      const draft = emptyDraft();
      draft.to = names;
      const { exit } = await compose(composeContext(session, { subject: true }), draft);
      session.reason = exit;
      // Sent or not, the next newline goes on.
      if (session.folder !== undefined) session.folder.atStart = false;
      return exit === Exit.Ok;
    },
  }),
];
