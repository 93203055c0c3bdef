/** The shape of a row of the command table, from which parsing, help, completion and mail(1) come. */
import type { Session } from "./session.ts";

/** What stands behind a command's name, and so what its handler is given. */
export interface Takes<Argument> {
  /** As the manual writes it: "[msglist]", "[msglist] file", "name=value ...". */
  readonly synopsis: string;
  /** @returns the handler's argument, or undefined when it was wrong and that has been said */
  parse(session: Session, rest: string, name: string): Argument | undefined | Promise<Argument | undefined>;
}

/** Where a command may not run. */
export type Barred =
  | "sourcing" // from a file
  | "sending" // when the program was started to send: there are no messages
  | "recursing"; // from ~: in a message that is being composed

export interface Command {
  readonly name: string;
  /** No abbreviation is taken for it. */
  readonly inFull: boolean;
  /** In a pipe the word is unknown, as it is to bsd-mailx. */
  readonly onTerminal: boolean;
  readonly synopsis: string;
  /** One sentence for `?` and mail(1). */
  readonly summary: string;
  readonly example: string;
  readonly barred: readonly Barred[];
  /** A newline typed behind it as the session's first still shows the current message, not the one after it. */
  readonly transparent: boolean;
  /** @returns false when it could not be done and that has been said: a file being sourced ends there */
  readonly run: (session: Session, rest: string) => Promise<boolean>;
}

interface Declaration<Argument> {
  readonly name: string;
  readonly inFull?: boolean;
  readonly onTerminal?: boolean;
  readonly takes: Takes<Argument>;
  readonly summary: string;
  readonly example: string;
  readonly barred?: readonly Barred[];
  readonly transparent?: boolean;
  /** Nothing, or false when it could not be done and that has been said. */
  // biome-ignore lint/suspicious/noConfusingVoidType: a handler that always succeeds returns nothing
  readonly run: (session: Session, argument: Argument) => Promise<boolean | void> | boolean | void;
}

/** Declares a command; ties the type of the handler's argument to what it takes. */
export function command<Argument>(declared: Declaration<Argument>): Command {
  const { name, takes, run } = declared;
  return {
    name,
    inFull: declared.inFull ?? false,
    onTerminal: declared.onTerminal ?? false,
    synopsis: takes.synopsis,
    summary: declared.summary,
    example: declared.example,
    barred: declared.barred ?? [],
    transparent: declared.transparent ?? false,
    run: async (session, rest) => {
      const argument = await takes.parse(session, rest, name);
      if (argument === undefined) return false;
      return (await run(session, argument)) !== false;
    },
  };
}
