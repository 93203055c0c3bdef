/** The account command, as in heirloom mailx and S-nail. */
import { openEmptyFolder, openFolder, systemFolder } from "../folder/open-folder.ts";
import { leaveFolder } from "../folder/quit.ts";
import { type Command, declareCommand } from "../session/command.ts";
import { takesWords } from "../session/command-arguments.ts";
import { findDefinedAccount, selectAccount } from "../session/select-account.ts";
import type { Folder, Session } from "../session/session.ts";
import { enterFolder } from "./files.ts";

/**
 * Leaves the current folder under the settings of the previous account, selects the new account, and opens its system
 * mailbox.
 *
 * @throws MailError if the account cannot be selected or its mailbox cannot be opened; if the folder has already been
 * left, an empty folder replaces it
 */
async function changeAccount(session: Session, name: string, folder: Folder): Promise<void> {
  findDefinedAccount(session, name);
  await leaveFolder(session);
  await folder.mailbox.close();
  let next: Folder;
  try {
    await selectAccount(session, name);
    next = await openFolder(session, systemFolder(session));
  } catch (error) {
    session.folder = await openEmptyFolder(session);
    throw error;
  }
  await enterFolder(session, systemFolder(session), next);
}

export const accountCommands: readonly Command[] = [
  declareCommand({
    name: "account",
    task: "session",
    inFull: true,
    takes: takesWords("[name]", 0, 1),
    summary:
      "Select an account that a start-up file defines, and open its mailbox instead of the current one. With no arguments, list the accounts; > marks the selected one.",
    example: "account work",
    run: async (session, [name]) => {
      const { config, terminal, folder } = session;
      // In a start-up file, and while a message is being composed, the account command changes only the variables.
      if (name !== undefined && (folder === undefined || session.composing)) return selectAccount(session, name);
      if (name !== undefined && folder !== undefined) return changeAccount(session, name, folder);
      terminal.out(
        [...config.accounts.keys()]
          .sort()
          .map((each) => `${each === config.account ? ">" : " "}${each}\n`)
          .join(""),
      );
    },
  }),
];
