/** Formats the output of `mail --config`: all variables, their values and their origins. */
import { MailError } from "../errors.ts";
import { findLargest } from "../message/lists.ts";
import type { Config } from "./config.ts";
import { foreignVariables } from "./foreign-variables.ts";
import { declarationOf, isSecretVariable, variableOf, variables } from "./variables.ts";

export interface ConfigRow {
  readonly name: string;
  /** The value; undefined if the variable is not set, empty if it is set without a value. */
  readonly value: string | undefined;
  /** The origin: a file and line, "environment" or "the command line"; undefined if the variable is not set. */
  readonly origin: string | undefined;
  /**
   * Whether the name is in the table, as a variable of `mail` or of another client. Other names are stored but have no
   * effect.
   */
  readonly known: boolean;
}

/** Returns all declared variables and all variables that are set, sorted by name. */
export function configRows({ settings }: Config): ConfigRow[] {
  const names = new Set([...Object.keys(variables), ...settings.names()]);
  return [...names].sort(compareNames).map((name) => ({
    name,
    value: hideSecrets(name, readValue(settings, name)),
    origin: settings.originOf(name),
    known: variableOf(name) !== undefined || Object.hasOwn(foreignVariables, name),
  }));
}

/** Returns a value as text. If the value of a synonym is not supported, it is returned as typed. */
function readValue(settings: Config["settings"], name: string): string | undefined {
  try {
    return settings.text(name);
  } catch (error) {
    if (!(error instanceof MailError)) throw error;
    return settings.raw(name);
  }
}

/**
 * Returns a value with asterisks in place of a password, which is either the whole value or part of a URL (RFC 3986,
 * section 3.2.1).
 */
export function hideSecrets<Value extends string | undefined>(name: string, value: Value): Value | string {
  if (value === undefined || value === "") return value;
  if (isSecretVariable(name) || /passw(or)?d(?!command)|secret|token(?!-(?:command|endpoint))/i.test(name))
    return "***";
  // A user name may contain @, and a password may contain any character. The last @ ends the password.
  return value.replace(/(:\/\/[^\s:]*):\S*@/g, "$1:***@");
}

/** Returns the variables, their values and their origins as the lines of `--config`. */
export function formatConfig(config: Config): string {
  const rows = configRows(config).map(({ name, value, origin, known }) => {
    const otherwise = value === undefined ? defaultOf(name) : undefined;
    const from = origin ?? (otherwise === undefined ? "not set" : "default");
    return [
      `set ${formatAssignment(name, value ?? otherwise)}`,
      known ? from : `${from}; not a variable of mail`,
    ] as const;
  });
  const width = Math.min(40, findLargest(rows.map(([left]) => left.length)));
  return rows.map(([left, right]) => `${left.padEnd(width)}  # ${right}\n`).join("");
}

/** Returns a variable's default value, or undefined if there is none. */
function defaultOf(name: string): string | undefined {
  const own = Object.hasOwn(variables, name) ? variableOf(name) : undefined;
  const value = own === undefined ? undefined : declarationOf(own).read(undefined);
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}

function formatAssignment(name: string, value: string | undefined): string {
  if (value === undefined) return `no${name}`;
  return value === "" ? name : `${name}=${quoteValue(value)}`;
}

function quoteValue(value: string): string {
  return /^[\w@%+=:,./~&-]+$/.test(value) ? value : `"${value.replace(/["\\]/g, "\\$&")}"`;
}

function compareNames(a: string, b: string): number {
  const [left, right] = [a.toLowerCase(), b.toLowerCase()];
  return left < right ? -1 : left > right ? 1 : a < b ? -1 : 1;
}
