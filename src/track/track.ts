/** Implements `mail --track` and the command `track`: finds a message's state in the mail server's log. */

import { setTimeout as sleep } from "node:timers/promises";
import type { Config } from "../config/config.ts";
import { stateDirectory } from "../config/paths.ts";
import { Exit, type ExitCode, MailError } from "../errors.ts";
import { statIfPresent } from "../file-stats.ts";
import { readSent, type Sent } from "../submit/sent.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { type LogSource, logSources } from "./log-files.ts";
import { describeLife, exitOfFound, isDone, summaryLines } from "./report.ts";
import { type Found, findMessage, type Question } from "./search.ts";

export interface Wanted {
  /** A queue ID, a message ID or an address. By default, the message that was sent last is tracked. */
  readonly what: string | undefined;
  /** How long, in seconds, to wait until the message has been delivered or has bounced. */
  readonly wait: number;
}

/** Pause between two checks of a log, in milliseconds. */
const pause = 200;
/** Number of bytes at the end of a log that are searched again, because they may contain a message's first lines. */
const lookBack = 256 * 1024;

/** Tracks a message. @throws MailError that names the search term and the logs if nothing is found */
export async function trackMessage(
  { config, terminal }: { readonly config: Config; readonly terminal: Terminal },
  { what, wait }: Wanted,
): Promise<ExitCode> {
  const question = parseQuestion(config, what);
  const named = config.settings.text("maillog");
  let sources = logSources(named, config.identity.login);
  const until = Date.now() + wait * 1000;
  const said = new Telling(terminal);
  let newest = newestOf(sources);
  let found = await findMessage(sources, question);
  if (found !== undefined) said.tell(found);
  const before = (offset: number) => Math.max(0, offset - lookBack);
  let from = before(found === undefined ? newest.size : (found.offset ?? 0));
  while (Date.now() < until && (found === undefined || !isDone(found))) {
    await sleep(Math.min(pause, Math.max(1, until - Date.now())));
    const now = newestOf(sources);
    if (now.size === newest.size && now.file === newest.file) continue;
    // A rotation has renamed the log that was searched, so all files are searched again.
    if (now.size < newest.size || now.file !== newest.file) {
      from = 0;
      if (now.file !== 0) sources = logSources(named, config.identity.login);
    }
    newest = now;
    found = (await findMessage(sources, question, from)) ?? found;
    if (found === undefined) continue;
    from = before(found.offset ?? 0);
    said.tell(found);
  }
  if (found === undefined) throw makeNotFoundError(what, question, sources);
  terminal.out(
    summaryLines(found)
      .map((line) => `${line}\n`)
      .join(""),
  );
  return exitOfFound(found);
}

/** Prints each line once, as soon as it appears. */
class Telling {
  readonly #terminal: Terminal;
  readonly #said = new Map<string, number>();

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  tell(found: Found): void {
    const counts = new Map<string, number>();
    for (const line of describeLife(found)) {
      const count = (counts.get(line) ?? 0) + 1;
      counts.set(line, count);
      if (count <= (this.#said.get(line) ?? 0)) continue;
      this.#said.set(line, count);
      this.#terminal.out(`${line}\n`);
    }
  }
}

function parseQuestion(config: Config, what: string | undefined): Question {
  const sent = readSent(stateDirectory(config));
  if (what === undefined) {
    const last = sent.at(-1);
    if (last === undefined) {
      throw new MailError("no message has been sent yet; specify a queue ID", Exit.NoInput);
    }
    const { queueId, messageId, way } = last;
    return queueId === undefined ? { text: messageId ?? "", way } : { text: queueId, also: messageId, way };
  }
  // Not every log contains message IDs, but `mail` has recorded the message ID and the queue ID of each message that it
  // sent.
  const known = sent.findLast(
    ({ messageId }: Sent) => messageId !== undefined && stripBrackets(messageId) === stripBrackets(what),
  );
  return { text: what, also: known?.queueId };
}

function stripBrackets(messageId: string): string {
  return messageId.replace(/^<(.*)>$/, "$1");
}

/**
 * Returns the current log's inode (0 if it is missing) and size in bytes. For the journal, the size differs from call
 * to call.
 */
function newestOf([newest]: readonly LogSource[]): { readonly file: number; readonly size: number } {
  if (newest?.path === undefined) return { file: 1, size: Date.now() };
  const { ino = 0, size = 0 } = statIfPresent(newest.path) ?? {};
  return { file: ino, size };
}

function makeNotFoundError(what: string | undefined, question: Question, sources: readonly LogSource[]): MailError {
  const meant = what === undefined ? `${question.text} (the message sent last, by ${question.way})` : `"${what}"`;
  const places = sources.map(({ name }) => name).join(", ");
  const hint = sources[0]?.path === undefined ? journalHint() : "";
  return new MailError(`${meant}: not found in ${places} as a queue id, message-id or address${hint}`, Exit.NoInput);
}

/**
 * Returns advice about the journal. The advice for root mentions no groups, because root can read the whole journal.
 */
function journalHint(): string {
  const groups = process.getuid?.() === 0 ? "" : "; the groups adm and systemd-journal can read all of it";
  return `${groups}; use -S maillog=FILE for another log`;
}
