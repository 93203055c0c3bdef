import type { Accounts } from "./accounts.ts";
import type { Identity } from "./identity.ts";
import type { Settings } from "./settings.ts";

/**
 * A selection of the header fields to print or save, by their names in lower case. If any fields are retained, all
 * other fields are omitted. Otherwise, only the ignored fields are omitted.
 */
export interface FieldSelection {
  readonly ignored: Set<string>;
  readonly retained: Set<string>;
}

/** The configuration, which .mailrc and the session's commands can change. */
export interface Config {
  readonly settings: Settings;
  /** Group names and their members as typed, newest last. */
  readonly aliases: Map<string, string[]>;
  /** The accounts that the start-up files define, by name. */
  readonly accounts: Accounts;
  /** The name of the account that was selected most recently. */
  account?: string;
  /** The user's other addresses. */
  alternates: string[];
  readonly shown: FieldSelection;
  readonly saved: FieldSelection;
  readonly identity: Identity;
}
