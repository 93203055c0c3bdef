/**
 * Stores a session's variables. Also determines the properties that depend on variables and the environment together:
 * compatibility with bsd-mailx, the host name, and the charset of the user's input.
 */
import { MailError } from "../errors.ts";
import { describeForeign, foreignVariables } from "./foreign-variables.ts";
import type { Identity } from "./identity.ts";
import { declarationOf, namesOfVariable, type ValueOf, type VariableName, variableOf, variables } from "./variables.ts";

/** Environment variables that bsd-mailx's `set` lists together with its own variables. */
const imported = ["DEAD", "EDITOR", "LISTER", "MBOX", "PAGER", "REPLYTO", "SHELL", "VISUAL"];

type Environment = Readonly<Record<string, string | undefined>>;

interface Stored {
  readonly value: string;
  readonly origin: string;
  /** The start-up file that set the variable, if other users can read it. */
  readonly exposedIn: string | undefined;
}

/** The value of a variable, converted if a synonym was set, and its origin. */
export interface Found {
  /** The name that was set: the variable's own, a synonym, or a name with the suffix of an account. */
  readonly name: string;
  readonly value: string;
  /** The origin, as `originOf` returns it. */
  readonly origin: string;
  readonly exposedIn: string | undefined;
}

/**
 * A session's variables. As in bsd-mailx, a variable that is not set has the value of the environment variable with the
 * same name.
 */
export class Settings {
  readonly #values = new Map<string, Stored>();
  readonly #environment: Environment;
  /** The environment variables that `set` lists together with the session's variables. */
  readonly #imported: Set<string>;

  /** The values that the selected account has replaced; undefined for variables that were not set. */
  readonly #replaced = new Map<string, { readonly before: Stored | undefined; readonly by: Stored | undefined }>();
  /** Whether an account's commands are being run. */
  isSelectingAccount = false;

  /** The origin of the variables that are being set, for --config: a file and line, or an option. */
  origin = "the session";
  /** The start-up file that is being read, if other users can read it. Passwords in such a file are refused. */
  exposedIn: string | undefined;

  constructor(environment: Environment) {
    // Reading the copy is faster, because each access to process.env is a system call. The copy inherits no properties,
    // because a variable may be called valueOf.
    this.#environment = Object.assign(Object.create(null), environment);
    this.#imported = new Set(imported.filter((name) => environment[name] !== undefined)).add("SHELL");
  }

  /** Returns the value, converted to the declared kind. */
  get<Name extends VariableName>(name: Name): ValueOf<Name> {
    return variables[name].read(this.text(name)) as ValueOf<Name>;
  }

  /**
   * Returns the value as text: "" for a variable without a value, undefined for one that is neither set nor in the
   * environment.
   *
   * @throws MailError if the value of a synonym cannot be honoured
   */
  text(name: string): string | undefined {
    const own = Object.hasOwn(variables, name) ? (name as VariableName) : undefined;
    // This is a shortcut: variables are read often, and most have a single name.
    if (own === undefined || declarationOf(own).synonyms === undefined) return this.raw(name);
    return this.find(own)?.value;
  }

  /** Returns the value that was assigned to exactly this name, or the value in the environment. */
  raw(name: string): string | undefined {
    return this.#values.get(name)?.value ?? this.inherited(name);
  }

  /**
   * Returns a declared variable. If the variable is set under several of its names, the last assignment takes effect.
   *
   * @param accounts suffixes such as `USER@HOST` and `HOST`; NAME-USER@HOST takes precedence over NAME-HOST and NAME
   * @throws MailError if the value of a synonym cannot be honoured
   */
  find(name: VariableName, accounts: readonly string[] = []): Found | undefined {
    const names = namesOfVariable(name);
    const { perAccount, notInherited } = declarationOf(name);
    for (const suffix of [...(perAccount === true ? accounts.map((account) => `-${account}`) : []), ""]) {
      const set = names
        .map(([each, convert]) => ({ name: each + suffix, convert, stored: this.#values.get(each + suffix) }))
        .filter(({ stored }) => stored !== undefined);
      const inherited = names
        .filter(([each]) => notInherited !== true || suffix !== "" || each !== name)
        .map(([each, convert]) => ({ name: each + suffix, convert, stored: this.#inherit(each + suffix) }))
        .find(({ stored }) => stored !== undefined);
      const { name: typed = "", convert, stored } = this.lastAssigned(set) ?? inherited ?? {};
      const value = stored === undefined ? undefined : convert?.(stored.value, typed);
      if (stored !== undefined && value !== undefined) return { ...stored, name: typed, value };
    }
    return undefined;
  }

  /** Returns the variable that was assigned last. Environment variables are considered to have been assigned first. */
  lastAssigned<Named extends { readonly name: string }>(candidates: readonly Named[]): Named | undefined {
    if (candidates.length < 2) return candidates[0];
    // The map is in the order of assignment.
    const order = [...this.#values.keys()];
    const at = ({ name }: Named) => order.indexOf(name);
    return [...candidates].sort((a, b) => at(b) - at(a))[0];
  }

  #inherit(name: string): Stored | undefined {
    const value = this.#environment[name];
    return value === undefined ? undefined : { value, origin: "environment", exposedIn: undefined };
  }

  /**
   * Returns the variables of other clients that are set but not supported, with the reasons. In the environment, only
   * names with a hyphen are considered.
   */
  unsupported(): string[] {
    const inherited = Object.keys(foreignVariables).filter((name) => name.includes("-") && !this.#values.has(name));
    return [...this.#values.keys(), ...inherited].flatMap((name) => {
      const value = this.raw(name);
      const reason = value === undefined ? undefined : describeForeign(name, value);
      return reason === undefined ? [] : [`${name}: ${reason}`];
    });
  }

  /** Returns the value in the environment. Only values from the environment are used to expand file names. */
  inherited(name: string): string | undefined {
    return this.#environment[name];
  }

  set(name: string, value: string): void {
    this.#store(name, { value, origin: this.origin, exposedIn: this.exposedIn });
  }

  /**
   * Unsets a variable and all of its synonyms. If the name is a synonym, only this name is unset.
   *
   * @returns whether the variable was set
   */
  unset(name: string): boolean {
    const names = Object.hasOwn(variables, name) ? namesOfVariable(name as VariableName).map(([each]) => each) : [name];
    let wasSet = this.#imported.delete(name);
    for (const each of names) {
      if (!this.#values.has(each)) continue;
      wasSet = true;
      this.#store(each, undefined);
    }
    return wasSet;
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

  /** Returns whether the selected account has set the variable. */
  isSetByAccount(name: string): boolean {
    const stored = this.#values.get(name);
    return stored !== undefined && this.#replaced.get(name)?.by === stored;
  }

  /** Returns the origin of the value, or undefined if the variable is not set. */
  originOf(name: string): string | undefined {
    const own = variableOf(name);
    if (own === name) return this.#findOrUndefined(own)?.origin;
    return (this.#values.get(name) ?? this.#inherit(name))?.origin;
  }

  #findOrUndefined(name: VariableName): Pick<Found, "origin"> | undefined {
    try {
      return this.find(name);
    } catch (error) {
      if (!(error instanceof MailError)) throw error;
      return this.#values.get(name);
    }
  }

  /** Returns the names of the variables that were set, excluding environment variables. */
  names(): string[] {
    return [...this.#values.keys()];
  }

  /**
   * Returns the variables that were set or imported from the environment, with their values, unsorted. Omits variables
   * that were set automatically for a terminal.
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

/**
 * Returns whether messages and exit codes follow bsd-mailx, which is the case if `sendmail` names a program and `mta`
 * is not set.
 */
export function followsBsdMailx({ settings }: { readonly settings: Settings }): boolean {
  const sendmail = settings.text("sendmail");
  return (
    settings.text("mta") === undefined && sendmail !== undefined && !/^(?:smtps?|submissions?|lmtp):/i.test(sendmail)
  );
}

/** Returns an identity whose host name comes from the `hostname` variable, if that is set. */
export function withHostName(identity: Identity, settings: Settings): Identity {
  return {
    ...identity,
    get mailName() {
      return settings.raw("hostname") || identity.mailName;
    },
  };
}

/**
 * Returns the value of `ttycharset` or, if that is not set, the locale's charset; undefined for UTF-8, ASCII and an
 * unknown locale.
 */
export function ttyCharset(
  { settings }: { readonly settings: Settings },
  environment: Environment = process.env,
): string | undefined {
  const named = settings.text("ttycharset");
  return ignoreUtf8(named !== undefined && named !== "" ? named : codesetOf(environment));
}

/** Returns whether `ttycharset` or, if that is not set, the locale names UTF-8. The C locale does not name UTF-8. */
export function isUtf8Locale(
  { settings }: { readonly settings: Settings },
  environment: Environment = process.env,
): boolean {
  return /^utf-?8$/i.test(settings.text("ttycharset") || codesetOf(environment));
}

/** Returns the charset in a glibc locale name, such as `de_DE.ISO-8859-1`, `ru_RU.KOI8-R` or `de_DE@euro`. */
function codesetOf({ LC_ALL, LC_CTYPE, LANG }: Environment): string {
  const locale = LC_ALL || LC_CTYPE || LANG || "C";
  const [, codeset, modifier] = /^[^.@]*(?:\.([^@]*))?(?:@(.*))?$/.exec(locale) ?? [];
  if (codeset !== undefined && codeset !== "") return codeset;
  return modifier === "euro" ? "ISO-8859-15" : "";
}

function ignoreUtf8(name: string): string | undefined {
  const bare = name.toLowerCase().replace(/[^a-z0-9]/g, "");
  if (bare === "" || bare === "utf8" || bare === "usascii" || bare === "ascii" || bare === "ansix341968")
    return undefined;
  const latin = /^iso8859(\d{1,2})$/.exec(bare)?.[1];
  if (latin !== undefined) return `ISO-8859-${latin}`;
  // The name becomes part of a header field, so it must be a valid charset name (RFC 2978, section 2.3).
  return /^[A-Za-z0-9!#$%&'+^_`{}~.:-]{1,40}$/.test(name) ? name.toUpperCase() : undefined;
}
