/**
 * Reads variables for `sendmail` from the same start-up files as `mail`: /etc/mail.rc and the caller's own file.
 *
 * A program that runs unattended, perhaps as root, must not run commands from a file or store copies of messages.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { Submission, shareLogins } from "../compose/sending/submission.ts";
import type { Config } from "../config/config.ts";
import { findIdentity } from "../config/identity.ts";
import { Settings, withHostName } from "../config/settings.ts";
import type { VariableName } from "../config/variables.ts";
import { Exit, MailError } from "../errors.ts";
import { readStartUpFiles } from "../read/interpreter/start-up-files.ts";
import type { Session } from "../read/session/session.ts";
import { removePasswordVariables } from "../secret-words.ts";
import { addPathToError } from "../system-error.ts";
import type { Terminal } from "../terminal/terminal.ts";

/** The commands that assign variables, or that select the lines to be run. */
const permitted = new Set(["set", "unset", "if", "else", "endif", "source", "account"]);

/** Variables that affect the processing of a message, apart from its transport and the sender's identity. */
const ignored = [
  "DEAD",
  "debug",
  "dryrun",
  "expandaddr",
  "metoo",
  "queue",
  "record",
  "trace",
  "verbose",
] as const satisfies readonly VariableName[];

const interpreter = () => import("../read/interpreter/interpreter.ts");

type Environment = Readonly<Record<string, string | undefined>>;

/** Returns the caller's configuration. A start-up file that another user could have written is reported and skipped. */
export async function readConfiguration(terminal: Terminal, environment: Environment): Promise<Config> {
  const known = { ...environment };
  for (const name of ignored) delete known[name];
  const settings = new Settings(known);
  const config: Config = {
    settings,
    aliases: new Map(),
    accounts: new Map(),
    alternates: [],
    shown: { ignored: new Set(), retained: new Set() },
    saved: { ignored: new Set(), retained: new Set() },
    // USER and LOGNAME are ignored, as in sendmail, because a daemon's environment may still name the user who started
    // it.
    identity: withHostName(findIdentity({ ...environment, USER: undefined, LOGNAME: undefined }), settings),
  };
  const logins = shareLogins(config, terminal);
  const session: Session = {
    config,
    terminal,
    submission: new Submission(config, terminal, { logins }),
    logins,
    mode: "send",
    folder: undefined,
    sourcing: 0,
    composing: false,
    conditional: undefined,
    program: "sendmail",
    ending: undefined,
    interrupted: false,
    variablesOnly: {
      // Without arguments, the commands set and account only print values.
      permits: (command, words) =>
        command !== undefined && permitted.has(command) && (words.trim() !== "" || /^(?:else|endif)$/.test(command)),
      readFile: readStartUpFile,
      report: (error) => terminal.err(`sendmail: ${error.message}\n`),
    },
    source: async (path) => (await interpreter()).sourceFile(session, path),
    runAccount: async (account) => (await interpreter()).runAccount(session, account),
  };
  removePasswordVariables(process.env);
  await readStartUpFiles(session, "su");
  for (const name of ignored) config.settings.unset(name);
  return config;
}

/** Reads a file through one descriptor, so that the file cannot be replaced after the check. */
function readStartUpFile(path: string): Buffer {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = fstatSync(descriptor);
    if (stats.isCharacterDevice()) return Buffer.alloc(0);
    if (stats.uid !== 0 && stats.uid !== process.geteuid?.())
      throw new MailError(`${path}: belongs to another user; the file was not read`, Exit.Config);
    if ((stats.mode & 0o022) !== 0)
      throw new MailError(
        `${path}: other users can write to it; the file was not read; run chmod go-w ${path}`,
        Exit.Config,
      );
    return readFileSync(descriptor);
  } catch (error) {
    throw addPathToError(path, error);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
