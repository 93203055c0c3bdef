/** The shape of a row of the table of tilde escapes, and what it works on. */
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
  /** Told after each line, for the copy that outlives the process. */
  readonly typed?: () => void;
}

/** How the message ends; undefined: it goes on. */
export type Ended = "sent" | "cancelled" | "dropped" | undefined;

export interface TildeEscape {
  /** The characters that call it; the first one is the name. */
  readonly characters: string;
  /** As ~? shows the argument, after each character. */
  readonly argument: string;
  /** Undefined: not listed. */
  readonly meaning: string | undefined;
  /** bsd-mailx has it not: ~? lists it on a terminal only, and in a pipe it is unknown unless it has something to do. */
  readonly added?: boolean;
  /** Says "(continue)" on a terminal. */
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
