/**
 * Reads variables for `sendmail` from the same start-up files as `mail`: /etc/mail.rc and the caller's own file.
 *
 * A program that runs unattended, perhaps as root, must not run commands from a file or store copies of messages.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import type { Config } from "../config/config.ts";
import { findIdentity } from "../config/identity.ts";
import type { VariableName } from "../config/variables.ts";
import { Exit, MailError } from "../errors.ts";
import { createSession, readStartUpFiles } from "../read/start-up.ts";
import { addPathToError } from "../system-error.ts";
import type { Terminal } from "../terminal/terminal.ts";

/** The commands that assign variables, or that select the lines to be run. */
const permitted = new Set(["set", "unset", "if", "else", "endif", "source", "account"]);

/**
 * Variables that affect the processing of a message, except the variables for its transport and for the sender's
 * identity.
 */
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

type Environment = Readonly<Record<string, string | undefined>>;

/** Returns the caller's configuration. A start-up file that another user could have written is reported and skipped. */
export async function readConfiguration(terminal: Terminal, environment: Environment): Promise<Config> {
  const known = { ...environment };
  for (const name of ignored) delete known[name];
  // USER and LOGNAME are ignored, as in sendmail, because a daemon's environment may still name the user who started it.
  const identity = findIdentity({ ...environment, USER: undefined, LOGNAME: undefined });
  const session = createSession(terminal, known, identity, {
    program: "sendmail",
    mode: "send",
    variablesOnly: {
      // Without arguments, the commands set and account only print values.
      permits: (command, words) =>
        command !== undefined && permitted.has(command) && (words.trim() !== "" || /^(?:else|endif)$/.test(command)),
      readFile: readStartUpFile,
      report: (error) => terminal.err(`sendmail: ${error.message}\n`),
    },
  });
  await readStartUpFiles(session, "su");
  for (const name of ignored) session.config.settings.unset(name);
  return session.config;
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
