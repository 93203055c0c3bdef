import { type ValueOf, type VariableName, variables } from "./variables.ts";

/** Environment variables that bsd-mailx's `set` lists together with its own variables. */
const imported = ["DEAD", "EDITOR", "LISTER", "MBOX", "PAGER", "REPLYTO", "SHELL", "VISUAL"];

interface Stored {
  readonly value: string;
  readonly origin: string;
}

/** A session's variables. As in bsd-mailx, a variable that is not set has the value of the environment variable. */
export class Settings {
  readonly #values = new Map<string, Stored>();
  readonly #environment: Readonly<Record<string, string | undefined>>;
  /** The environment variables that `set` lists together with the session's variables. */
  readonly #imported: Set<string>;

  /** The values that the selected account has replaced; undefined for variables that were not set. */
  readonly #replaced = new Map<string, { readonly before: Stored | undefined; readonly by: Stored | undefined }>();
  /** Whether the commands of an account are being run. */
  isSelectingAccount = false;

  /** The origin of the variables that are being set, for --config: a file and line, or an option. */
  origin = "the session";

  constructor(environment: Readonly<Record<string, string | undefined>>) {
    // Reading the copy is faster, because each access to process.env is a system call.
    this.#environment = { ...environment };
    this.#imported = new Set(imported.filter((name) => environment[name] !== undefined)).add("SHELL");
  }

  /** Returns the value, converted to the declared kind. */
  get<Name extends VariableName>(name: Name): ValueOf<Name> {
    return variables[name].read(this.text(name)) as ValueOf<Name>;
  }

  /**
   * Returns the value as text: "" for a variable without a value, undefined for one that is neither set nor in the
   * environment.
   */
  text(name: string): string | undefined {
    return this.#values.get(name)?.value ?? this.#environment[name];
  }

  /** Returns the value in the environment. Only these values are used to expand file names. */
  inherited(name: string): string | undefined {
    return this.#environment[name];
  }

  set(name: string, value: string): void {
    this.#store(name, { value, origin: this.origin });
  }

  /** Unsets a variable. Returns whether it was set. */
  unset(name: string): boolean {
    const wasSet = this.#values.has(name);
    this.#store(name, undefined);
    return this.#imported.delete(name) || wasSet;
  }

  #store(name: string, stored: Stored | undefined): void {
    if (this.isSelectingAccount) {
      const before = this.#replaced.has(name) ? this.#replaced.get(name)?.before : this.#values.get(name);
      this.#replaced.set(name, { before, by: stored });
    }
    // The most recently assigned variable comes last in the map.
    this.#values.delete(name);
    if (stored !== undefined) this.#values.set(name, stored);
  }

  /**
   * Restores the variables that the previous account changed, unless they were changed again, and then runs the
   * commands of the next account.
   */
  async selectAccount<Result>(run: () => Promise<Result>): Promise<Result> {
    for (const [name, { before, by }] of this.#replaced) if (this.#values.get(name) === by) this.#store(name, before);
    this.#replaced.clear();
    this.isSelectingAccount = true;
    try {
      return await run();
    } finally {
      this.isSelectingAccount = false;
    }
  }

  /** Returns the origin of the value, or undefined if the variable is not set. */
  originOf(name: string): string | undefined {
    const stored = this.#values.get(name);
    if (stored !== undefined) return stored.origin;
    return this.#environment[name] === undefined ? undefined : "environment";
  }

  /** Returns the names of the variables that were set, excluding environment variables. */
  names(): string[] {
    return [...this.#values.keys()];
  }

  /**
   * Returns the variables that were set or imported from the environment, with their values, unsorted. Omits variables
   * that were set automatically because there is a terminal.
   */
  all(): [string, string][] {
    const inherited = [...this.#imported].map((name): [string, string] => [
      name,
      name === "SHELL" ? this.get("SHELL") : (this.text(name) ?? ""),
    ]);
    const own = [...this.#values]
      .filter(([, { origin }]) => origin !== "the terminal")
      .map(([name, { value }]): [string, string] => [name, value]);
    return [...new Map([...inherited, ...own])];
  }
}
