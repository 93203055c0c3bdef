/**
 * Reads the start-up files: /etc/mail.rc (or a built-in copy of Debian's version, if the file is missing) and
 * ~/.mailrc.
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { MailError } from "../../errors.ts";
import { statIfPossible } from "../../file-stats.ts";
import { reportMistake } from "../session/mistakes.ts";
import type { Session } from "../session/session.ts";

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
  const { loadFile } = await import("./interpreter.ts");
  await loadFile(session, systemFile);
}

async function runBuiltIn(session: Session): Promise<void> {
  const { runLines } = await import("./interpreter.ts");
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
  const { loadFile } = await import("./interpreter.ts");
  await loadFile(session, path);
}
