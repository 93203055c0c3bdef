/** Defines a row of the command table, from which parsing, help, completion and mail(1) are derived. */
import type { Session } from "./session.ts";

/** A parser for the text after a command's name. The parser returns the argument for the command's handler. */
export interface Takes<Argument> {
  /** The synopsis as in the manual: "[msglist]", "[msglist] file", "name=value ...". */
  readonly synopsis: string;
  /**
   * @returns the handler's argument; undefined if the command fails without a message, as in bsd-mailx
   * @throws UserMistake
   */
  parse(session: Session, rest: string, name: string): Argument | undefined | Promise<Argument | undefined>;
}

/** The contexts in which a command may not be run. */
export type Barred =
  | "sourcing" // from a file
  | "sending" // when the program was started to send a message; no mailbox is open then
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
  /** The rows for this command's other names. */
  readonly synonyms: readonly Command[];
  /** The command for which this name is a synonym. */
  readonly synonymOf: string | undefined;
  readonly task: Task;
  /** Whether the command cannot be abbreviated. */
  readonly inFull: boolean;
  readonly synopsis: string;
  /** A sentence for `?` and mail(1). */
  readonly summary: string;
  readonly example: string;
  readonly barred: readonly Barred[];
  /** Whether an empty line after this command prints the current message, if this is the session's first command. */
  readonly transparent: boolean;
  /**
   * Runs the command.
   *
   * @returns false if the command failed for a reason other than the user's mistake: a program or a submission failed
   * (the error has been printed), or there was nothing left to show. Also false if quit ended the processing of a
   * sourced file.
   * @throws UserMistake
   */
  readonly run: (session: Session, rest: string) => Promise<boolean>;
}

/** Another name for a command. Such a name can have its own rule for abbreviation. */
type Synonym = string | { readonly name: string; readonly inFull?: boolean };

interface Declaration<Argument> {
  readonly name: string;
  readonly synonyms?: readonly Synonym[];
  /** The heading under which the help overview lists the command; by default "more". */
  readonly task?: Task;
  readonly inFull?: boolean;
  readonly takes: Takes<Argument>;
  readonly summary: string;
  readonly example: string;
  readonly barred?: readonly Barred[];
  readonly transparent?: boolean;
  /** Returns either nothing or the same value as Command.run. */
  // biome-ignore lint/suspicious/noConfusingVoidType: a handler that always succeeds returns nothing
  readonly run: (session: Session, argument: Argument) => Promise<boolean | void> | boolean | void;
}

/** Declares a command. The type parameter ensures that the handler accepts the parser's result. */
export function declareCommand<Argument>(declared: Declaration<Argument>): Command {
  const { takes, run } = declared;
  const rowFor = (synonym: Exclude<Synonym, string>): Command => ({
    name: synonym.name,
    synonyms: [],
    synonymOf: declared.name,
    task: declared.task ?? "more",
    inFull: synonym.inFull ?? declared.inFull ?? false,
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
