/** Defines a row of the command table, from which parsing, help, completion and mail(1) are made. */
import type { Session } from "./session.ts";

/** Parses what follows a command's name into the argument of its handler. */
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

/** The headings of the help overview. */
export const tasks = {
  read: "List and read messages",
  send: "Send and reply",
  file: "Delete, save and keep",
  change: "Process messages",
  folder: "Mailboxes",
  session: "The session",
  more: "More",
} as const;

export type Task = keyof typeof tasks;

export interface Command {
  readonly name: string;
  /** Rows of the other names of this command. */
  readonly synonyms: readonly Command[];
  /** The command that this name is a synonym of. */
  readonly synonymOf: string | undefined;
  readonly task: Task;
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

/** Another name of a command; a synonym may be abbreviated or used in pipes where its command may not, or not. */
type Synonym = string | { readonly name: string; readonly inFull?: boolean; readonly onTerminal?: boolean };

interface Declaration<Argument> {
  readonly name: string;
  readonly synonyms?: readonly Synonym[];
  /** Where the help overview lists the command; "more" by default. */
  readonly task?: Task;
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
  const { takes, run } = declared;
  const rowFor = (synonym: Exclude<Synonym, string>): Command => ({
    name: synonym.name,
    synonyms: [],
    synonymOf: declared.name,
    task: declared.task ?? "more",
    inFull: synonym.inFull ?? declared.inFull ?? false,
    onTerminal: synonym.onTerminal ?? declared.onTerminal ?? false,
    synopsis: takes.synopsis,
    summary: declared.summary,
    example: declared.example.replace(declared.name, synonym.name),
    barred: declared.barred ?? [],
    transparent: declared.transparent ?? false,
    run: async (session, rest) => {
      const argument = await takes.parse(session, rest, synonym.name);
      if (argument === undefined) return false;
      return (await run(session, argument)) !== false;
    },
  });
  const synonyms = (declared.synonyms ?? []).map((synonym) =>
    rowFor(typeof synonym === "string" ? { name: synonym } : synonym),
  );
  return { ...rowFor({ name: declared.name }), synonyms, synonymOf: undefined };
}
