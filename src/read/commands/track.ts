/** track. */
import { type Command, command } from "../session/command.ts";
import { takesWords } from "../session/takes.ts";

export const trackCommands: readonly Command[] = [
  command({
    name: "track",
    takes: takesWords("[queue-id | message-id | address]", 0, 1),
    summary: "Tell from the mail server's log what became of a message; alone, of the one sent last.",
    example: "track DE3232C16A",
    run: async ({ config, terminal }, [what]) => {
      const { track } = await import("../../track/track.ts");
      await track({ config, terminal }, { what, wait: 0 });
    },
  }),
];
