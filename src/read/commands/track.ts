/** track. */
import { type Command, command } from "../session/command.ts";
import { takesWords } from "../session/takes.ts";

export const trackCommands: readonly Command[] = [
  command({
    name: "track",
    task: "send",
    takes: takesWords("[queue-id | message-id | address]", 0, 1),
    summary:
      "Show from the mail server's log what happened to a message. With no arguments, show the message sent last.",
    example: "track DE3232C16A",
    run: async ({ config, terminal }, [what]) => {
      const { track } = await import("../../track/track.ts");
      await track({ config, terminal }, { what, wait: 0 });
    },
  }),
];
