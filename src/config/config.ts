import type { Identity } from "./identity.ts";
import type { Settings } from "./settings.ts";

/** Field names in lower case that printing, or saving, leaves out (ignored) or only shows (retained). */
export interface FieldSelection {
  readonly ignored: Set<string>;
  readonly retained: Set<string>;
}

/** What .mailrc and the session's own commands can change. */
export interface Config {
  readonly settings: Settings;
  /** Group name to members as typed, newest last. */
  readonly aliases: Map<string, string[]>;
  /** Addresses that are also the user's own. */
  alternates: string[];
  readonly shown: FieldSelection;
  readonly saved: FieldSelection;
  readonly identity: Identity;
}

/** Returns whether words and exit codes are bsd-mailx's, as with the variable `sendmail`. */
export function followsBsdMailx({ settings }: Config): boolean {
  return settings.get("mta") === undefined && settings.get("sendmail") !== undefined;
}
