/** The `account` blocks in start-up files. Each block is a named set of variables, as in heirloom mailx and S-nail. */

/** A command line from a file, with its line number, after continued lines have been joined. */
export interface SourceLine {
  readonly text: string;
  readonly number: number;
}

/** The commands between the braces of an `account` block. */
export interface Account {
  /** The file that contains the block. */
  readonly file: string;
  readonly lines: readonly SourceLine[];
  /** The file, if other users can read it. Passwords in such a file are refused. */
  readonly exposedIn: string | undefined;
}

/** The accounts, keyed by name. */
export type Accounts = Map<string, Account>;

/** Returns whether the start-up files define an account with this name. Names are case-sensitive. */
export function hasAccount({ accounts }: { readonly accounts: Accounts }, name: string): boolean {
  return accounts.has(name);
}
