/**
 * Reads ~/.netrc as ftp(1) and curl(1) do. An entry has the form `machine HOST login USER password SECRET`, or begins
 * with `default`. As in S-nail, the machine may be `HOST:PORT`.
 */
import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { addPathToError, isSystemError } from "../system-error.ts";

type Netrc = { readonly password: string } | { readonly refused: string } | undefined;

/**
 * Returns the password for a user on a server, or the reason why the file is not used. Returns undefined if the file
 * contains no such password.
 */
export function passwordFromNetrc(path: string, server: Server, user: string): Netrc {
  const text = readNetrc(path);
  if (text === undefined || typeof text !== "string") return text;
  const fits = ({ login, password }: Entry) => (login ?? user) === user && password !== undefined;
  const password = entriesFor(text, server).find(fits)?.password;
  return password === undefined ? undefined : { password };
}

/** Returns the first user name in the entries for a server; undefined if there is none, or if the file is not used. */
export function loginFromNetrc(path: string, server: Server): string | undefined {
  const text = readNetrc(path);
  return typeof text === "string"
    ? entriesFor(text, server).find(({ login }) => login !== undefined)?.login
    : undefined;
}

function readNetrc(path: string): string | { readonly refused: string } | undefined {
  try {
    const descriptor = openSync(path, "r");
    try {
      const { mode, uid } = fstatSync(descriptor);
      if ((mode & 0o077) !== 0)
        return { refused: `${path}: other users can read it, so it is not used; run chmod 600 on it` };
      const own = process.getuid?.();
      if (own !== undefined && uid !== own && uid !== 0)
        return { refused: `${path}: it belongs to another user, so it is not used` };
      return readFileSync(descriptor, "utf8");
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    if (isSystemError(error) && error.code === "ENOENT") return undefined;
    throw addPathToError(path, error);
  }
}

interface Server {
  readonly host: string;
  readonly port: number;
}

interface Entry {
  machine: string | undefined;
  login?: string;
  password?: string;
}

/**
 * Returns the entries for a server: first those with its port, then those without a port. `default` matches every host.
 */
function entriesFor(text: string, { host, port }: Server): Entry[] {
  const tokens = splitNetrc(text);
  const entries: Entry[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const entry = entries.at(-1);
    const word = tokens[at];
    if (word === "machine") entries.push({ machine: tokens[++at]?.toLowerCase() ?? "" });
    else if (word === "default") entries.push({ machine: undefined });
    else if (word === "login" && entry !== undefined) entry.login = tokens[++at] ?? "";
    else if (word === "password" && entry !== undefined) entry.password = tokens[++at] ?? "";
    else if (word === "account") at++;
  }
  const name = host.toLowerCase();
  const withPort = entries.filter(({ machine }) => machine === `${name}:${port}`);
  return [...withPort, ...entries.filter(({ machine }) => (machine ?? name) === name)];
}

/** Returns the words of the file. Quotes and backslashes are interpreted as in curl. Comments and macros are skipped. */
function splitNetrc(text: string): string[] {
  const plain = text.replace(/^[ \t]*macdef[^\n]*\n(?:[^\n]+\n)*/gm, "").replace(/^[ \t]*#.*$/gm, "");
  return [...plain.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/gs)].map(([, quoted, bare]) =>
    quoted === undefined ? (bare ?? "") : quoted.replace(/\\(.)/gs, "$1"),
  );
}
