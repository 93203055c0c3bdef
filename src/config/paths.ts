/** Determines the paths of the user's mailboxes and private state, and expands file names in commands. */
import { readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join, resolve } from "node:path";
import { UserMistake } from "../errors.ts";
import { isServerAddress } from "../message/server-name.ts";
import { distrustPlace, NotTrusted, reportDistrust } from "../private-file.ts";
import type { Config } from "./config.ts";
import { passwdEntry } from "./identity.ts";
import { ExpansionMistake, expandWord } from "./word-expansion.ts";

const spoolDirectory = "/var/mail";

/** Returns the path of a user's system mailbox. For the current user, $MAIL takes precedence. */
export function systemMailbox(config: Config, user?: string): string {
  const named = user === undefined ? config.settings.text("MAIL") : undefined;
  if (named === undefined || named === "") return join(spoolDirectory, user ?? config.identity.user);
  // The shell usually expands the tilde in $MAIL. bsd-mailx does not expand it.
  return named.startsWith("~") ? resolveInHome(config, named, "") : named;
}

/** Returns the path of the user's mbox: the value of MBOX, or ~/mbox. */
export function mboxPath(config: Config): string {
  return resolveInHome(config, config.settings.text("MBOX"), "mbox");
}

/** Returns the absolute path of dead.letter: the value of DEAD, or ~/dead.letter. */
export function deadLetterPath(config: Config): string {
  return resolve(config.identity.home, resolveInHome(config, config.settings.text("DEAD"), "dead.letter"));
}

function resolveInHome(config: Config, named: string | undefined, otherwise: string): string {
  if (named === undefined || named === "") return join(config.identity.home, otherwise);
  return expandNames(config, named).words[0] ?? named;
}

/** The part of a configuration that determines the directories. `maild` supplies only a home directory. */
type Home = { readonly identity: Pick<Config["identity"], "home"> };

/**
 * Returns the directory for state that outlives a session (XDG Base Directory: $XDG_STATE_HOME/mail).
 *
 * If other users can write to that directory, for example because HOME belongs to another user, the state is stored in
 * the effective user's home directory.
 */
export function stateDirectory({ identity }: Home): string {
  return findTrustedDirectory("XDG_STATE_HOME", ".local/state", identity.home);
}

/** Returns the directory for messages that a server has temporarily refused. */
export function queueDirectory(home: Home): string {
  return join(stateDirectory(home), "queue");
}

/**
 * Returns the directory for data that can be rebuilt ($XDG_CACHE_HOME/mail), which is chosen in the same way as the
 * state directory.
 */
function cacheDirectory({ identity }: Home): string {
  return findTrustedDirectory("XDG_CACHE_HOME", ".cache", identity.home);
}

function findTrustedDirectory(variable: string, inHome: string, home: string): string {
  const base = process.env[variable];
  const path = join(base?.startsWith("/") ? base : join(home, inHome), "mail");
  try {
    const reason = distrustPlace(path);
    // The caller reports the reason when it fails to create a file in the directory.
    if (reason === undefined || reason === "not-a-directory") return path;
    const own = join(userInfo().homedir, inHome, "mail");
    if (own === path) return path;
    reportDistrust(new NotTrusted(path, reason));
    return own;
  } catch (error) {
    // The directory is not readable, or the user has no passwd entry. The caller reports the reason when it fails to
    // open a file in the directory.
    if (!(error instanceof Error)) throw error;
    return path;
  }
}

/** Returns the options for writing to a mailbox. */
export function storeOptions(config: Config): { lockwait: number; stateDirectory: string } {
  return { lockwait: config.settings.get("lockwait"), stateDirectory: stateDirectory(config) };
}

/** Returns the options for opening a mailbox. */
export function mailboxOptions(config: Config): ReturnType<typeof storeOptions> & { cacheDirectory?: string } {
  const options = storeOptions(config);
  return config.settings.get("noindex") ? options : { ...options, cacheDirectory: cacheDirectory(config) };
}

/** Returns the path of the history file, or undefined if command lines are not stored. */
export function historyPath(config: Config): string | undefined {
  const named = config.settings.get("history-file");
  if (named === undefined) return join(stateDirectory(config), "history");
  return named === "" ? undefined : (expandNames(config, named).words[0] ?? named);
}

/**
 * Returns the directory that contains folders with names of the form `+name`. If the folders are on a server, returns
 * the address to which the name is appended.
 */
export function folderDirectory(config: Config): string | undefined {
  const named = config.settings.text("folder");
  if (named === undefined) return undefined;
  if (isServerAddress(named)) return named.replace(/\/+$/, "");
  return named.startsWith("/") ? named : `${config.identity.home}/${named}`;
}

/** The context in which a file name is expanded, such as a session. */
export interface NamePlace {
  readonly config: Config;
  readonly folder?: { readonly previous: string | undefined } | undefined;
}

/**
 * Expands a file name in a command as bsd-mailx does: `%`, `%user`, `#`, `&`, `+name`, and shell words
 * (word-expansion.ts) without a shell.
 *
 * @throws UserMistake if the name does not expand to exactly one file
 */
export function expandFileName(place: NamePlace, name: string): string {
  const { config } = place;
  if (name.startsWith("%")) {
    const user = name.slice(1);
    return systemMailbox(config, user === "" || user === config.identity.user ? undefined : user);
  }
  if (name === "#") {
    const previous = place.folder?.previous;
    if (previous === undefined) throw new UserMistake("No previous file");
    return previous;
  }
  const found = expandNames(config, name);
  const [first, ...more] = found.words;
  if (first !== undefined && more.length === 0) return first;
  const reason = found.mistake ?? (first === undefined ? "No match." : "Ambiguous.");
  throw new UserMistake(`"${found.name}": ${reason}`, { form: "bare" });
}

interface ExpandedNames {
  /** The name with `&` and `+` expanded, for error messages. */
  readonly name: string;
  readonly words: readonly string[];
  readonly mistake?: string;
}

function expandNames(config: Config, typed: string): ExpandedNames {
  let name = typed === "&" ? config.settings.text("MBOX") || "~/mbox" : typed;
  const directory = name.startsWith("+") ? folderDirectory(config) : undefined;
  if (directory !== undefined) name = `${directory}/${name.slice(1)}`;
  if (/^~(?:$|\/)/.test(name)) name = config.identity.home + name.slice(1);
  // A folder on a server may have any name, such as "[Gmail]/Sent".
  if (isServerAddress(name)) return { name, words: [removeQuotes(name)] };
  if (!/[~{[*?$`'"\\]/.test(name)) return { name, words: [name] };
  try {
    const variable = (wanted: string) => config.settings.inherited(wanted);
    return { name, words: expandWord(name, { variable, home: (user) => homeOf(config, user) }) };
  } catch (error) {
    if (!(error instanceof ExpansionMistake)) throw error;
    return { name, words: [], mistake: error.message };
  }
}

/** Removes quotes and backslashes as a shell does. */
function removeQuotes(text: string): string {
  return text.replace(
    /\\(.)|"((?:[^"\\]|\\.)*)"|'([^']*)'/gs,
    (_all, escaped?: string, double?: string, single?: string) =>
      escaped ?? double?.replace(/\\(.)/gs, "$1") ?? single ?? "",
  );
}

function homeOf(config: Config, user: string): string | undefined {
  if (user === "") return config.identity.home;
  return passwdEntry(user, readFileSync("/etc/passwd", "utf8"))?.[5];
}
