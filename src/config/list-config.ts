/** What `mail --config` prints: every variable, its value, and where it was set. */
import { largest } from "../message/lists.ts";
import type { Config } from "./config.ts";
import { type VariableName, variables } from "./variables.ts";

export interface ConfigRow {
  readonly name: string;
  /** Undefined: not set. Empty: set without a value. */
  readonly value: string | undefined;
  /** A file and line, "environment", "the command line"; undefined for one that is not set. */
  readonly origin: string | undefined;
  /** Declared in the table of variables; others are kept, but nothing reads them. */
  readonly known: boolean;
}

/** Returns the declared variables and those that were set, sorted by name */
export function configRows({ settings }: Config): ConfigRow[] {
  const names = new Set([...Object.keys(variables), ...settings.names()]);
  return [...names].sort(byName).map((name) => ({
    name,
    value: hideSecrets(name, settings.text(name)),
    origin: settings.originOf(name),
    known: name in variables,
  }));
}

/** Replaces a password by asterisks: the value of a variable that holds one, or the password in a URL (RFC 3986, 3.2.1). */
function hideSecrets(name: string, value: string | undefined): string | undefined {
  if (value === undefined || value === "") return value;
  if (/passw(or)?d(?!command)|secret|token(?!-command)/i.test(name)) return "***";
  // A user name may contain @, and a password anything: it ends at the last @.
  return value.replace(/(:\/\/[^\s:]*):\S*@/g, "$1:***@");
}

/** Returns the variables, their values and origins as lines for `--config`. */
export function formatConfig(config: Config): string {
  const rows = configRows(config).map(({ name, value, origin, known }) => {
    const otherwise = value === undefined ? defaultOf(name) : undefined;
    const from = origin ?? (otherwise === undefined ? "not set" : "default");
    return [`set ${assignment(name, value ?? otherwise)}`, known ? from : `${from}; not a variable of mail`] as const;
  });
  const width = Math.min(40, largest(rows.map(([left]) => left.length)));
  return rows.map(([left, right]) => `${left.padEnd(width)}  # ${right}\n`).join("");
}

/** What a reader of a variable goes by while it is not set; undefined where that is nothing. */
function defaultOf(name: string): string | undefined {
  const value = name in variables ? variables[name as VariableName].read(undefined) : undefined;
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}

function assignment(name: string, value: string | undefined): string {
  if (value === undefined) return `no${name}`;
  return value === "" ? name : `${name}=${quoteValue(value)}`;
}

function quoteValue(value: string): string {
  return /^[\w@%+=:,./~&-]+$/.test(value) ? value : `"${value.replace(/["\\]/g, "\\$&")}"`;
}

function byName(a: string, b: string): number {
  const [left, right] = [a.toLowerCase(), b.toLowerCase()];
  return left < right ? -1 : left > right ? 1 : a < b ? -1 : 1;
}
