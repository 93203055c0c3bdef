import { type ValueOf, type VariableName, variables } from "./variables.ts";

/** Environment variables that bsd-mailx lists among the variables that are set. */
const imported = ["DEAD", "EDITOR", "LISTER", "MBOX", "PAGER", "REPLYTO", "SHELL", "VISUAL"];

/** A session's variables. As in bsd-mailx, the environment provides those that are not set. */
export class Settings {
  readonly #values = new Map<string, string>();
  readonly #origins = new Map<string, string>();
  readonly #environment: Readonly<Record<string, string | undefined>>;
  /** The environment variables that are listed among the variables. */
  readonly #imported: Set<string>;

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
    return this.#values.get(name) ?? this.#environment[name];
  }

  /** Returns the value in the environment. File names are expanded with these values only. */
  inherited(name: string): string | undefined {
    return this.#environment[name];
  }

  set(name: string, value: string): void {
    this.#values.set(name, value);
    this.#origins.set(name, this.origin);
  }

  /** Unsets a variable. Returns whether it was set. */
  unset(name: string): boolean {
    return [this.#values.delete(name), this.#imported.delete(name)].some(Boolean);
  }

  /** Returns the origin of the value, or undefined if the variable is not set. */
  originOf(name: string): string | undefined {
    if (this.#values.has(name)) return this.#origins.get(name);
    return this.#environment[name] === undefined ? undefined : "environment";
  }

  /** Returns the names of the variables that were set, without the environment's. */
  names(): string[] {
    return [...this.#values.keys()];
  }

  /**
   * Returns the variables that were set or imported from the environment, with their values, unsorted. Omits those
   * that a terminal sets.
   */
  all(): [string, string][] {
    const inherited = [...this.#imported].map((name): [string, string] => [
      name,
      name === "SHELL" ? this.get("SHELL") : (this.text(name) ?? ""),
    ]);
    const own = [...this.#values].filter(([name]) => this.#origins.get(name) !== "the terminal");
    return [...new Map([...inherited, ...own])];
  }
}
