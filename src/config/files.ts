/** Where things are: the mailboxes of the user, private state, and what the file names of commands mean. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "./config.ts";
import { passwdEntry } from "./identity.ts";

type Environment = Readonly<Record<string, string | undefined>>;

const spoolDirectory = "/var/mail";

/** The spool of a user; of this one, the file $MAIL names where it names one. */
export function systemMailbox(config: Config, user?: string): string {
  const named = user === undefined ? config.settings.text("MAIL") : undefined;
  return named === undefined || named === "" ? join(spoolDirectory, user ?? config.identity.user) : named;
}

export function mboxPath(config: Config): string {
  return inHome(config, config.settings.text("MBOX"), "mbox");
}

export function deadLetterPath(config: Config): string {
  return inHome(config, config.settings.text("DEAD"), "dead.letter");
}

function inHome(config: Config, named: string | undefined, otherwise: string): string {
  return named === undefined || named === "" ? join(config.identity.home, otherwise) : withHome(config, named);
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

/** The directory that `+name` means. */
export function folderDirectory(config: Config): string | undefined {
  const named = config.settings.text("folder");
  if (named === undefined || named === "") return undefined;
  return named.startsWith("/") ? named : join(config.identity.home, named);
}

function withHome(config: Config, name: string): string {
  const [, user, rest] = /^~([^/]*)(\/.*)?$/s.exec(name) ?? [];
  if (user === undefined) return name;
  if (user === "") return config.identity.home + (rest ?? "");
  const home = passwdEntry(user, readFileSync("/etc/passwd", "utf8"))?.[5];
  return home === undefined ? name : home + (rest ?? "");
}

/** Where a file name is expanded, and where it is said that it can't be. A session is one. */
export interface NamePlace {
  readonly config: Config;
  readonly terminal: { out(text: string): void; err(text: string): void };
  readonly folder?: { readonly previous: string | undefined } | undefined;
}

/**
 * What a file name of a command means, as bsd-mailx has it: `%` `%user` `#` `&` `+name` `~` `$VAR` and wildcards; no shell
 * is run. @returns undefined when it means nothing or several things, and that has been said
 */
export function expandFileName(place: NamePlace, name: string): string | undefined {
  const { config, terminal } = place;
  if (name === "%") return systemMailbox(config);
  if (/^%[^/]+$/.test(name)) return systemMailbox(config, name.slice(1));
  if (name === "#") {
    const previous = place.folder?.previous;
    if (previous === undefined) terminal.out("No previous file\n");
    return previous;
  }
  if (name === "&") return mboxPath(config);
  const directory = name.startsWith("+") ? folderDirectory(config) : undefined;
  const placed = directory === undefined ? name : `${directory}/${name.slice(1)}`;
  const expanded = withVariables(config, withHome(config, placed));
  if (!/[*?[{]/.test(expanded)) return expanded;
  const found = glob(expanded);
  if (found.length === 1) return found[0];
  if (found.length === 0) return expanded;
  terminal.err(`"${name}": Ambiguous.\n`);
  return undefined;
}

function withVariables(config: Config, name: string): string {
  return name.replace(
    /\$(?:\{(\w+)\}|(\w+))/g,
    (_all, braced?: string, plain?: string) => config.settings.text(braced ?? plain ?? "") ?? "",
  );
}

/** Paths that a pattern of `*`, `?` and `[...]` matches, sorted; as the shell's, without following `..`. */
function glob(pattern: string): string[] {
  let found = [pattern.startsWith("/") ? "/" : ""];
  for (const part of pattern.split("/").filter((word) => word !== "")) {
    const next: string[] = [];
    for (const base of found) {
      if (!/[*?[]/.test(part)) {
        next.push(join(base, part));
        continue;
      }
      const matches = wildcard(part);
      for (const entry of entries(base)) {
        if (matches.test(entry) && (part.startsWith(".") || !entry.startsWith("."))) next.push(join(base, entry));
      }
    }
    found = next;
  }
  return found.sort();
}

function entries(directory: string): string[] {
  try {
    return readdirSync(directory === "" ? "." : directory);
  } catch {
    return [];
  }
}

function wildcard(part: string): RegExp {
  const source = part
    .replace(/\[!/g, "[^")
    .replace(/[.+^${}()|\\]/g, (character, at: number) =>
      character === "^" && part[at - 1] === "[" ? "^" : `\\${character}`,
    );
  try {
    return new RegExp(`^${source.replace(/\*/g, ".*").replace(/\?/g, ".")}$`, "su");
  } catch {
    // An open bracket is itself.
    return new RegExp(`^${part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")}$`, "su");
  }
}
