/**
 * The mail command, which sends a new message, and the track command, which prints the mail server's log of a sent
 * message.
 */
import { compose } from "../../compose/compose.ts";
import { emptyDraft } from "../../compose/draft/draft.ts";
import { splitTypedItems } from "../../compose/draft/recipients.ts";
import { Exit } from "../../errors.ts";
import { composeContext } from "../send/compose-context.ts";
import { type Command, declareCommand, type Takes } from "../session/command.ts";
import { takesWords } from "../session/command-arguments.ts";

const takesNames: Takes<string[]> = {
  synopsis: "[name ...]",
  parse: (_session, rest) => splitTypedItems(rest),
};

export const mailCommands: readonly Command[] = [
  declareCommand({
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
      // After this command, even if it failed, an empty line prints the next message instead of the current one.
      if (session.folder !== undefined) session.folder.atStart = false;
      return exit === Exit.Ok;
    },
  }),
];

export const trackCommands: readonly Command[] = [
  declareCommand({
    name: "track",
    task: "send",
    takes: takesWords("[queue-id | message-id | address]", 0, 1),
    summary:
      "Show the delivery status of a message, according to the mail server's log. With no arguments, show the last message sent.",
    example: "track DE3232C16A",
    run: async ({ config, terminal }, [what]) => {
      const { trackMessage } = await import("../../track/track.ts");
      await trackMessage({ config, terminal }, { what, wait: 0 });
    },
  }),
];
