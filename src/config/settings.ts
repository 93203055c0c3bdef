import { type ValueOf, type VariableName, variables } from "./variables.ts";

/** Variables of the environment that bsd-mailx lists as if they had been set. */
const imported = ["DEAD", "EDITOR", "LISTER", "MBOX", "PAGER", "REPLYTO", "SHELL", "VISUAL"];

/** The variables of a session: those set, over the environment, as bsd-mailx has it. */
export class Settings {
  readonly #values = new Map<string, string>();
  readonly #origins = new Map<string, string>();
  readonly #environment: Readonly<Record<string, string | undefined>>;
  /** Those of the environment that a list of the variables has. */
  readonly #imported: Set<string>;

  /** Where what is set now comes from, for --config: a file and line, an option. */
  origin = "the session";

  constructor(environment: Readonly<Record<string, string | undefined>>) {
    // A copy: each look into process.env asks the system.
    this.#environment = { ...environment };
    this.#imported = new Set(imported.filter((name) => environment[name] !== undefined)).add("SHELL");
  }

  /** The value as its declared kind. */
  get<Name extends VariableName>(name: Name): ValueOf<Name> {
    return variables[name].read(this.text(name)) as ValueOf<Name>;
  }

  /** The value as text: "" for one set without a value, undefined for one that is neither set nor in the environment. */
  text(name: string): string | undefined {
    return this.#values.get(name) ?? this.#environment[name];
  }

  /** What the environment alone says: file names know no other variables. */
  inherited(name: string): string | undefined {
    return this.#environment[name];
  }

  set(name: string, value: string): void {
    this.#values.set(name, value);
    this.#origins.set(name, this.origin);
  }

  /** @returns whether it had been set */
  unset(name: string): boolean {
    return [this.#values.delete(name), this.#imported.delete(name)].some(Boolean);
  }

  /** Where the value came from; undefined for one that is not set. */
  originOf(name: string): string | undefined {
    if (this.#values.has(name)) return this.#origins.get(name);
    return this.#environment[name] === undefined ? undefined : "environment";
  }

  /** The names that were set, without the environment's. */
  names(): string[] {
    return [...this.#values.keys()];
  }

  /** All that were set with their values, and those that came with the environment, in no particular order; not what a terminal implies. */
  all(): [string, string][] {
    const inherited = [...this.#imported].map((name): [string, string] => [
      name,
      name === "SHELL" ? this.get("SHELL") : (this.text(name) ?? ""),
    ]);
    const own = [...this.#values].filter(([name]) => this.#origins.get(name) !== "the terminal");
    return [...new Map([...inherited, ...own])];
  }
}
