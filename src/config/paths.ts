/** Where things are: the mailboxes of the user, private state, and what the file names of commands mean. */
import { readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join, resolve } from "node:path";
import { distrustPlace, NotTrusted, reportDistrust } from "../private-file.ts";
import type { Config } from "./config.ts";
import { passwdEntry } from "./identity.ts";
import { ExpansionMistake, expandWord } from "./word-expansion.ts";

const spoolDirectory = "/var/mail";

/** Returns the spool of a user; of this one, the file $MAIL names where it names one. */
export function systemMailbox(config: Config, user?: string): string {
  const named = user === undefined ? config.settings.text("MAIL") : undefined;
  if (named === undefined || named === "") return join(spoolDirectory, user ?? config.identity.user);
  // As the shell would have expanded it; bsd-mailx takes it as it stands.
  return named.startsWith("~") ? inHome(config, named, "") : named;
}

/** Returns the path of the user's mbox: the variable MBOX, or ~/mbox. */
export function mboxPath(config: Config): string {
  return inHome(config, config.settings.text("MBOX"), "mbox");
}

/** Returns the absolute path of dead.letter: the variable DEAD, or ~/dead.letter. */
export function deadLetterPath(config: Config): string {
  return resolve(config.identity.home, inHome(config, config.settings.text("DEAD"), "dead.letter"));
}

function inHome(config: Config, named: string | undefined, otherwise: string): string {
  if (named === undefined || named === "") return join(config.identity.home, otherwise);
  return expandNames(config, named).words[0] ?? named;
}

/** Whose directories are meant: a configuration, or for `maild` the home directory alone. */
type Home = { readonly identity: Pick<Config["identity"], "home"> };

/**
 * Returns the directory for state that outlives a session (XDG Base Directory: $XDG_STATE_HOME/mail).
 *
 * If others could have written there, as in another user's HOME, it is the directory in the home that passwd names for the
 * effective user.
 */
export function stateDirectory({ identity }: Home): string {
  return findTrustedDirectory("XDG_STATE_HOME", ".local/state", identity.home);
}

/** Returns the directory for what can be rebuilt ($XDG_CACHE_HOME/mail), by the same rule. */
function cacheDirectory({ identity }: Home): string {
  return findTrustedDirectory("XDG_CACHE_HOME", ".cache", identity.home);
}

function findTrustedDirectory(variable: string, inHome: string, home: string): string {
  const base = process.env[variable];
  const path = join(base?.startsWith("/") ? base : join(home, inHome), "mail");
  try {
    const reason = distrustPlace(path);
    // Whoever creates a file in what is not a directory reports the reason.
    if (reason === undefined || reason === "not-a-directory") return path;
    const own = join(userInfo().homedir, inHome, "mail");
    if (own === path) return path;
    reportDistrust(new NotTrusted(path, reason));
    return own;
  } catch (error) {
    // Not readable, or a user without a passwd entry: whoever opens a file there reports the reason.
    if (!(error instanceof Error)) throw error;
    return path;
  }
}

/** Returns the options of every write to a mailbox. */
export function storeOptions(config: Config): { lockwait: number; stateDirectory: string } {
  return { lockwait: config.settings.get("lockwait"), stateDirectory: stateDirectory(config) };
}

/** Returns the options for opening a mailbox. */
export function mailboxOptions(config: Config): ReturnType<typeof storeOptions> & { cacheDirectory?: string } {
  const options = storeOptions(config);
  return config.settings.get("noindex") ? options : { ...options, cacheDirectory: cacheDirectory(config) };
}

/** Where command lines are kept; undefined: nowhere. */
export function historyPath(config: Config): string | undefined {
  const named = config.settings.get("history-file");
  if (named === undefined) return join(stateDirectory(config), "history");
  return named === "" ? undefined : (expandNames(config, named).words[0] ?? named);
}

/** Returns the directory that `+name` means. */
export function folderDirectory(config: Config): string | undefined {
  const named = config.settings.text("folder");
  if (named === undefined) return undefined;
  return named.startsWith("/") ? named : `${config.identity.home}/${named}`;
}

/** Where a file name is expanded, and where it is said that it can't be. A session is one. */
export interface NamePlace {
  readonly config: Config;
  readonly terminal: { out(text: string): void; err(text: string): void };
  readonly folder?: { readonly previous: string | undefined } | undefined;
}

/**
 * What a file name of a command means, as bsd-mailx has it: `%` `%user` `#` `&` `+name`, and words as the shell expands them
 * (word-expansion.ts); no shell is run.
 *
 * @returns undefined when it means nothing or several things, and that has been said
 */
export function expandFileName(place: NamePlace, name: string): string | undefined {
  const { config, terminal } = place;
  if (name.startsWith("%")) {
    const user = name.slice(1);
    return systemMailbox(config, user === "" || user === config.identity.user ? undefined : user);
  }
  if (name === "#") {
    const previous = place.folder?.previous;
    if (previous === undefined) terminal.out("No previous file\n");
    return previous;
  }
  const found = expandNames(config, name);
  if (found.words.length === 1) return found.words[0];
  terminal.err(`"${found.name}": ${found.mistake ?? (found.words.length === 0 ? "No match." : "Ambiguous.")}\n`);
  return undefined;
}

interface ExpandedNames {
  /** With `&` and `+` replaced: what is shown when it is no single name. */
  readonly name: string;
  readonly words: readonly string[];
  readonly mistake?: string;
}

function expandNames(config: Config, typed: string): ExpandedNames {
  let name = typed === "&" ? config.settings.text("MBOX") || "~/mbox" : typed;
  const directory = name.startsWith("+") ? folderDirectory(config) : undefined;
  if (directory !== undefined) name = `${directory}/${name.slice(1)}`;
  if (/^~(?:$|\/)/.test(name)) name = config.identity.home + name.slice(1);
  if (!/[~{[*?$`'"\\]/.test(name)) return { name, words: [name] };
  try {
    const variable = (wanted: string) => config.settings.inherited(wanted);
    return { name, words: expandWord(name, { variable, home: (user) => homeOf(config, user) }) };
  } catch (error) {
    if (!(error instanceof ExpansionMistake)) throw error;
    return { name, words: [], mistake: error.message };
  }
}

function homeOf(config: Config, user: string): string | undefined {
  if (user === "") return config.identity.home;
  return passwdEntry(user, readFileSync("/etc/passwd", "utf8"))?.[5];
}
