/**
 * Starts a session: sets up its variables and identity, runs the start-up files, and then applies the settings given with
 * -S.
 *
 * The start-up files are /etc/mail.rc (or a built-in copy of Debian's version, if the file is missing) and ~/.mailrc.
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { CommandLine } from "../cli/command-line.ts";
import { describeMissingRecipients, isSending } from "../cli/command-line.ts";
import { Submission, shareLogins } from "../compose/sending/submission.ts";
import { hasAccount } from "../config/accounts.ts";
import type { Config } from "../config/config.ts";
import { findIdentity, type Identity, isUser } from "../config/identity.ts";
import { Settings, withHostName } from "../config/settings.ts";
import { Exit, MailError } from "../errors.ts";
import { statIfPossible } from "../file-stats.ts";
import { toBytes } from "../message/text.ts";
import { containsPassword, removePasswordVariables } from "../secret-words.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { assignVariable } from "./session/assign-variable.ts";
import { reportMistake, tryEach } from "./session/mistakes.ts";
import type { Session } from "./session/session.ts";

/** The interpreter, which imports all commands, is often not needed to send a message. */
const interpreter = () => import("./interpreter/interpreter.ts");

const passwordWarning =
  "mail: -S: a password on the command line is visible to other users for a moment and remains in the shell's history; " +
  "set it in ~/.mailrc instead, and run chmod 600 on that file\n";

/** The properties in which the sessions of the programs differ. */
type Differences = Pick<Session, "program" | "mode"> & Partial<Session>;

/** Creates a session with an empty configuration. Removes passwords from the environment of this process. */
export function createSession(
  terminal: Terminal,
  environment: Readonly<Record<string, string | undefined>>,
  identity: Identity,
  differences: Differences,
): Session {
  const settings = new Settings(environment);
  removePasswordVariables(process.env);
  const config: Config = {
    settings,
    aliases: new Map(),
    accounts: new Map(),
    alternates: [],
    shown: { ignored: new Set(), retained: new Set() },
    saved: { ignored: new Set(), retained: new Set() },
    identity: withHostName(identity, settings),
  };
  const logins = shareLogins(config, terminal);
  const session: Session = {
    config,
    terminal,
    submission: new Submission(config, terminal, { logins }),
    logins,
    folder: undefined,
    sourcing: 0,
    composing: false,
    conditional: undefined,
    ending: undefined,
    interrupted: false,
    source: async (path) => (await interpreter()).sourceFile(session, path),
    runAccount: async (account) => (await interpreter()).runAccount(session, account),
    ...differences,
  };
  return session;
}

/** Starts the session of `mail`. The settings given with -S override those of the start-up files. */
export async function newSession(terminal: Terminal, program: string, given: CommandLine): Promise<Session> {
  const { user } = given;
  if (user !== undefined && !isUser(user)) {
    throw new MailError(`"${user}" is not a user of this system`, Exit.Failure, { reason: "unknown user" });
  }
  // $MAIL is the path of the user's own spool.
  const environment = user === undefined ? process.env : { ...process.env, MAIL: undefined };
  const session = createSession(terminal, environment, findIdentity(environment, user), {
    program,
    mode: isSending(given) ? "send" : "read",
    escapesInPipe: given.tildeEscapes || given.batch,
    execute: async (line) => {
      const { executeLine: execute } = await interpreter();
      await execute(session, line);
    },
  });
  const { config } = session;
  config.settings.origin = "the terminal";
  if (terminal.outputIsTerminal) config.settings.set("decode", "");
  config.settings.origin = "the session";
  if (given.debug) terminal.out(`user = ${config.identity.user}, homedir = ${config.identity.home}\n`);
  if (terminal.interactive) config.settings.set("interactive", "");
  if (given.withoutHeaderList) config.settings.set("noheader", "");
  // As in bsd-mailx, start-up files can read these variables but cannot unset them.
  const asVariables = () => {
    if (given.ignoreInterrupts) config.settings.set("ignore", "");
    if (given.skipEmpty) config.settings.set("skipempty", "");
    if (given.verbose) config.settings.set("verbose", "");
    if (given.recordByName) config.settings.set("byname", "");
    if (given.readOnly) config.settings.set("readonly", "");
    if (given.batch) for (const name of ["quiet", "noheader"]) config.settings.set(name, "");
  };
  asVariables();
  await readStartUpFiles(session, given.resourceFiles ?? (given.withoutSystemRc ? "u" : "su"));
  session.ending = undefined;
  const account = given.account ?? given.login;
  if (account !== undefined) {
    const { selectAccount } = await import("./session/select-account.ts");
    await selectAccount(session, account);
  }
  await selectNamedAccounts(session, given);
  config.settings.origin = "the command line";
  if (given.set.length + given.startUpCommands.length > 0) await applySettings(session, given);
  asVariables();
  if (given.dryRun) config.settings.set("dryrun", "");
  if (given.trace !== undefined) config.settings.set("trace", given.trace);
  if (given.debug) config.settings.set("debug", "");
  config.settings.origin = "the session";
  if (terminal.rich) {
    const { makeComfortable } = await import("./comfort/comfort.ts");
    makeComfortable(session);
  }
  return session;
}

/** Sets the variables given with -S, and runs the commands given with -X. @throws MailError if a command fails */
async function applySettings(session: Session, given: CommandLine): Promise<void> {
  if ([...given.set, ...given.startUpCommands].some(containsPassword)) session.terminal.err(passwordWarning);
  tryEach(session, given.set, (word) => assignVariable(session, word));
  for (const commands of given.startUpCommands) await runStartUpCommands(session, commands);
}

/** Runs the commands given with -X, in the same way as commands in a file. @throws MailError if one of them fails */
async function runStartUpCommands(session: Session, commands: string): Promise<void> {
  const { runLines } = await interpreter();
  if (await runLines(session, commands, "-X")) return;
  throw new MailError(`-X "${commands}": the command failed; nothing was done`, Exit.Usage);
}

/**
 * Selects the accounts that -A names. If both an account and a file have the name, the name is ambiguous.
 *
 * @throws MailError
 */
async function selectNamedAccounts(session: Session, given: CommandLine): Promise<void> {
  const { config } = session;
  for (const { path, mayBeAccount } of given.attach) {
    if (mayBeAccount !== true) continue;
    if (!hasAccount(config, path)) {
      if (!isSending(given)) throw describeMissingRecipients();
      continue;
    }
    if (existsSync(toBytes(path))) {
      throw new MailError(
        `-A ${path}: both an account and a file have this name; nothing was done; use --account ${path} or --attach ./${path}`,
        Exit.Usage,
      );
    }
    const { selectAccount } = await import("./session/select-account.ts");
    await selectAccount(session, path);
  }
}

const systemFile = "/etc/mail.rc";

const builtIn = `set ask askcc append dot save crt
ignore Received Message-Id Resent-Message-Id Status Mail-From Return-Path Via Delivered-To
`;

/**
 * Returns whether other users can write to a start-up file. Such a file is not trusted, because its commands run as the
 * user.
 */
function othersCanWrite({ uid, mode }: { uid: number; mode: number }): boolean {
  return (mode & 0o022) !== 0 || (uid !== 0 && uid !== process.getuid?.());
}

/**
 * Runs start-up files.
 *
 * @param order the letters that stand for the files, in the order in which they are read (as in S-nail's -:SPEC): s is
 * the system's file, u the user's, and x the built-in one. Other letters are ignored.
 */
export async function readStartUpFiles(session: Session, order: string): Promise<void> {
  session.isStartingUp = true;
  for (const letter of order.toLowerCase()) {
    const read = files[letter];
    try {
      await read?.(session);
    } catch (error) {
      reportMistake(session, error);
    }
  }
  session.isStartingUp = false;
}

const files: Readonly<Record<string, (session: Session) => Promise<void>>> = {
  s: readSystemFile,
  u: readUserFile,
  x: runBuiltIn,
};

async function readSystemFile(session: Session): Promise<void> {
  if (!existsSync(systemFile)) return runBuiltIn(session);
  const { loadFile } = await interpreter();
  await loadFile(session, systemFile);
}

async function runBuiltIn(session: Session): Promise<void> {
  const { runLines } = await interpreter();
  await runLines(session, builtIn, "built in");
}

async function readUserFile(session: Session): Promise<void> {
  const { config } = session;
  const path = config.settings.text("MAILRC") || join(config.identity.home, ".mailrc");
  const found = existsSync(path) ? statIfPossible(path) : undefined;
  // MAILRC=/dev/null disables the user's file. /dev/null is writable by everyone, so it is not checked.
  if (found === undefined || found.isCharacterDevice()) return;
  if (othersCanWrite(found)) {
    throw new MailError(`${path}: other users can write to it, so it is not read; chmod go-w ${path}`);
  }
  const { loadFile } = await interpreter();
  await loadFile(session, path);
}
