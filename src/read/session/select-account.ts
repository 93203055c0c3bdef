/** Selects an account that a start-up file defines, for --account and for the account command. */
import type { Account } from "../../config/accounts.ts";
import { Exit, joinAlternatives, MailError } from "../../errors.ts";
import type { Session } from "./session.ts";

/**
 * Runs the commands of an account, after restoring the variables that the previously selected account changed.
 *
 * @throws MailError if there is no such account, or if a command of the account fails
 */
export async function selectAccount(session: Session, name: string): Promise<void> {
  const { settings } = session.config;
  const account = findDefinedAccount(session, name);
  if (settings.isSelectingAccount) {
    throw new MailError(`account ${name}: cannot be selected within another account`, Exit.Config);
  }
  const succeeded = await settings.selectAccount(async () => session.runAccount?.(account));
  session.config.account = name;
  if (succeeded !== true) throw new MailError(`account ${name}: not all of its commands could be run`, Exit.Config);
}

/** Returns an account by name. @throws MailError if the start-up files do not define it */
export function findDefinedAccount({ config: { accounts } }: Session, name: string): Account {
  const account = accounts.get(name);
  if (account !== undefined) return account;
  const known = accounts.size === 0 ? "" : `; use ${joinAlternatives([...accounts.keys()].sort())}`;
  throw new MailError(`account ${name}: not defined in any start-up file${known}`, Exit.Config);
}
