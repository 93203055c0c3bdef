/** The command account, as in heirloom mailx and S-nail. */
import { type Command, declareCommand } from "../session/command.ts";
import { takesWords } from "../session/command-arguments.ts";
import { selectAccount } from "../session/select-account.ts";

export const accountCommands: readonly Command[] = [
  declareCommand({
    name: "account",
    task: "session",
    inFull: true,
    takes: takesWords("[name]", 0, 1),
    summary: "Select an account that a start-up file defines. With no arguments, list the accounts.",
    example: "account work",
    run: async (session, [name]) => {
      if (name !== undefined) return selectAccount(session, name);
      const { config, terminal } = session;
      terminal.out(
        [...config.accounts.keys()]
          .sort()
          .map((each) => `${each}\n`)
          .join(""),
      );
    },
  }),
];
