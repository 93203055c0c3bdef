/** The type of a row in the table of tilde escapes. */
import type { Config } from "../../config/config.ts";
import type { NamePlace } from "../../config/paths.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import type { Draft, MessageSource } from "../draft/draft.ts";

export interface Composing {
  readonly config: Config;
  readonly terminal: Terminal;
  readonly draft: Draft;
  readonly folder: NamePlace["folder"];
  readonly quoting: MessageSource | undefined;
  readonly execute: ((line: string) => Promise<boolean>) | undefined;
  /** Called after each line, to update the stored copy of the draft. */
  readonly typed?: () => void;
}

/** How the typing of a message ended; undefined while the user is still typing. */
export type Ended = "sent" | "cancelled" | "dropped" | undefined;

export interface TildeEscape {
  /** The characters that invoke the escape. The first character is the escape's name. */
  readonly characters: string;
  /** The argument that ~? shows after each of these characters. */
  readonly argument: string;
  /** The description in ~?; undefined if the escape is not listed. */
  readonly meaning: string | undefined;
  /**
   * Whether bsd-mailx lacks the escape. Such an escape is listed only on a terminal; in a pipe, it is recognized only
   * if it has an effect.
   */
  readonly added?: boolean;
  /** Whether "(continue)" is printed on a terminal. */
  readonly continues?: boolean;
  readonly run: (
    composing: Composing,
    argument: string,
    written: string,
  ) => Ended | Promise<Ended> | Promise<void> | void;
}

/** Returns a row of the table of tilde escapes. */
export function tildeEscape(
  characters: string,
  argument: string,
  meaning: string | undefined,
  run: TildeEscape["run"],
  continues = false,
): TildeEscape {
  return { characters, argument, meaning, run, continues };
}
