/** Where things are: the mailboxes of the user, private state, and what the file names of commands mean. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Config } from "./config.ts";
import { passwdEntry } from "./identity.ts";
import { ExpansionMistake, expandWord } from "./word-expansion.ts";

type Environment = Readonly<Record<string, string | undefined>>;

const spoolDirectory = "/var/mail";

/** The spool of a user; of this one, the file $MAIL names where it names one. */
export function systemMailbox(config: Config, user?: string): string {
  const named = user === undefined ? config.settings.text("MAIL") : undefined;
  if (named === undefined || named === "") return join(spoolDirectory, user ?? config.identity.user);
  // As the shell would have expanded it; bsd-mailx takes it as it stands.
  return named.startsWith("~") ? inHome(config, named, "") : named;
}

export function mboxPath(config: Config): string {
  return inHome(config, config.settings.text("MBOX"), "mbox");
}

export function deadLetterPath(config: Config): string {
  return resolve(config.identity.home, inHome(config, config.settings.text("DEAD"), "dead.letter"));
}

function inHome(config: Config, named: string | undefined, otherwise: string): string {
  if (named === undefined || named === "") return join(config.identity.home, otherwise);
  return expandedNames(config, named).words[0] ?? named;
}

/** XDG Base Directory: what must outlive a session but is the user's own. */
export function stateDirectory(environment: Environment, home: string): string {
  const base = environment["XDG_STATE_HOME"];
  return join(base?.startsWith("/") ? base : join(home, ".local/state"), "mail");
}

/** What every write to a mailbox is told. */
export function storeOptions(config: Config): { lockwait: number; stateDirectory: string } {
  return {
    lockwait: config.settings.get("lockwait"),
    stateDirectory: stateDirectory(process.env, config.identity.home),
  };
}

/** XDG Base Directory: what can be made again. */
function cacheDirectory(environment: Environment, home: string): string {
  const base = environment["XDG_CACHE_HOME"];
  return join(base?.startsWith("/") ? base : join(home, ".cache"), "mail");
}

/** What opening a mailbox is told. */
export function mailboxOptions(config: Config): ReturnType<typeof storeOptions> & { cacheDirectory?: string } {
  const options = storeOptions(config);
  if (config.settings.get("noindex")) return options;
  return { ...options, cacheDirectory: cacheDirectory(process.env, config.identity.home) };
}

/** Where command lines are kept; undefined: nowhere. */
export function historyPath(config: Config): string | undefined {
  const named = config.settings.get("history-file");
  if (named === undefined) return join(stateDirectory(process.env, config.identity.home), "history");
  return named === "" ? undefined : (expandedNames(config, named).words[0] ?? named);
}

/** The directory that `+name` means. */
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
  const found = expandedNames(config, name);
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

function expandedNames(config: Config, typed: string): ExpandedNames {
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
