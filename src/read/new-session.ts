/** Creates a session: variables, identity and start-up files, followed by the settings of -S. */

import type { CommandLine } from "../cli/command-line.ts";
import { isListing } from "../cli/command-line.ts";
import { Submission } from "../compose/sending/submission.ts";
import type { Config } from "../config/config.ts";
import { findIdentity, type Identity, isUser } from "../config/identity.ts";
import { Settings } from "../config/settings.ts";
import { MailError } from "../errors.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { readStartUpFiles } from "./interpreter/start-up-files.ts";
import { assignVariable } from "./session/assign-variable.ts";
import { tryEach } from "./session/mistakes.ts";
import type { Session } from "./session/session.ts";

/** The interpreter imports all commands, and sending a message may not require it. */
const interpreter = () => import("./interpreter/interpreter.ts");

/** Returns an identity whose host name is that of the variable `hostname`, if it is set. */
function withHostName(identity: Identity, settings: Settings): Identity {
  return {
    ...identity,
    get mailName() {
      return settings.raw("hostname") || identity.mailName;
    },
  };
}

/** Creates a session: variables, identity and start-up files, which -S overrides. */
export async function newSession(terminal: Terminal, program: string, given: CommandLine): Promise<Session> {
  const { user } = given;
  if (user !== undefined && !isUser(user)) throw new MailError(`"${user}" is not a user of this system`);
  // $MAIL is the path of the user's own spool.
  const environment = user === undefined ? process.env : { ...process.env, MAIL: undefined };
  const settings = new Settings(environment);
  const config: Config = {
    settings,
    aliases: new Map(),
    accounts: new Map(),
    alternates: [],
    shown: { ignored: new Set(), retained: new Set() },
    saved: { ignored: new Set(), retained: new Set() },
    identity: withHostName(findIdentity(environment, user), settings),
  };
  const sends = !given.file && (given.words.length > 0 || given.recipientsFromHeader) && !isListing(given);
  const session: Session = {
    config,
    terminal,
    submission: new Submission(config, terminal),
    mode: sends ? "send" : "read",
    folder: undefined,
    sourcing: 0,
    composing: false,
    conditional: undefined,
    program,
    ending: undefined,
    interrupted: false,
    execute: async (line) => {
      const { executeLine: execute } = await interpreter();
      await execute(session, line);
    },
    source: async (path) => (await interpreter()).sourceFile(session, path),
    runAccount: async ({ lines, file }) => (await interpreter()).runSourceLines(session, lines, file),
  };
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
  };
  asVariables();
  await readStartUpFiles(session, { system: !given.withoutSystemRc });
  session.ending = undefined;
  if (given.account !== undefined) {
    const { selectAccount } = await import("./session/select-account.ts");
    await selectAccount(session, given.account);
  }
  config.settings.origin = "the command line";
  tryEach(session, given.set, (word) => assignVariable(session, word));
  for (const line of given.exec) await session.execute?.(line);
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
