/**
 * `mail --run CMD... --if failed|output|always|changed ADDRESS`: runs a command for cron and sends its output if the
 * condition is met.
 * The exit code is the command's. If the command succeeds but the message is not accepted, the exit code is that of
 * the failed submission.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { hostname } from "node:os";
import type { CommandLine } from "../cli/command-line.ts";
import { compose } from "../compose/compose.ts";
import { openAttachment } from "../compose/draft/attachment.ts";
import { type Draft, emptyDraft } from "../compose/draft/draft.ts";
import { stateDirectory } from "../config/paths.ts";
import { Exit, type ExitCode, MailError } from "../errors.ts";
import { composeContext } from "../read/send/compose-context.ts";
import { fieldsOf } from "../read/send/send.ts";
import type { Session } from "../read/session/session.ts";
import { executeCommand, type Run } from "./execute.ts";
import { type Condition, formatCommand, type Job, parseJob } from "./job.ts";
import { describeEnding, messageText, outputForDigest } from "./message-text.ts";
import { type JobState, jobKey, type WaitingRun, withState } from "./run-history.ts";

/** The maximum number of runs that can wait for the next message; older runs are dropped. */
const mostWaiting = 1000;

/**
 * The earlier runs that the message describes, and the time of the previous message; undefined if no message is due.
 */
type Due = { readonly waiting: readonly WaitingRun[]; readonly sentBefore: string | null } | undefined;

type Asked = Job & { readonly fields: Draft["fields"] };

/**
 * Runs the command of --run, and sends its outcome if a message is due. Returns the command's exit code, or that of
 * the submission.
 */
export async function runJob(session: Session, given: CommandLine): Promise<ExitCode> {
  refuseOthers(given);
  const job = { ...parseJob(given), fields: fieldsOf(given, session.config) };
  if (given.words.length === 0)
    throw new MailError(
      "--run: no recipient; write addresses before --run, or after the next option or --; nothing was run",
      Exit.Usage,
    );
  const run = await executeCommand(job.command, session.config.settings.get("SHELL"));
  try {
    const remembers = job.throttle !== undefined || job.when === "changed";
    const sent = remembers ? await sendRemembered(session, given, job, run) : await sendPlain(session, given, job, run);
    return run.code !== 0 ? (run.code as ExitCode) : sent;
  } catch (error) {
    // The command's exit code takes precedence over that of the failed submission.
    if (!(error instanceof MailError) || run.code === 0) throw error;
    session.terminal.err(`${session.program}: ${error.message}\n`);
    return run.code as ExitCode;
  } finally {
    run.remove();
  }
}

/** Rejects options that would have no effect. */
function refuseOthers(given: CommandLine): void {
  const others = {
    "-A": given.attach.length > 0,
    "-q": given.quoteFile !== undefined,
    "-m": given.bodyFile !== undefined,
    "-M": given.bodyType !== undefined,
    "--html": given.html,
    "--encoding": given.bodyEncoding !== undefined,
    "--without-mime": given.withoutMime,
    "-t": given.recipientsFromHeader,
    "-f": given.file,
    "-e": given.exists,
    "-H": given.headers,
  };
  for (const [option, given] of Object.entries(others)) {
    if (given) throw new MailError(`${option} cannot be used with --run; nothing was run`, Exit.Usage);
  }
}

async function sendPlain(session: Session, given: CommandLine, job: Asked, run: Run): Promise<ExitCode> {
  return isWanted(job.when, run, false) ? sendOutcome(session, given, job, run, []) : Exit.Ok;
}

/**
 * Sends the outcome if it is due. If the state cannot be stored, the run is treated as the first one, so that no
 * message is lost.
 */
async function sendRemembered(session: Session, given: CommandLine, job: Asked, run: Run): Promise<ExitCode> {
  const { config, terminal, program } = session;
  const directory = stateDirectory(config);
  const key = jobKey([...job.command, given.subject ?? "", ...given.words]);
  const state = <T>(change: (state: JobState) => T) =>
    withState(directory, key, config.settings.get("lockwait"), change);
  const outcome = await hashOutcome(run);
  let due: Due;
  try {
    due = await state((before) => decideWhetherToSend(before, job, run, outcome));
  } catch (error) {
    if (!(error instanceof MailError)) throw error;
    terminal.err(`${program}: ${error.message}; sent as if this were the first run\n`);
    return isWanted(job.when, run, true) ? sendOutcome(session, given, job, run, []) : Exit.Ok;
  }
  if (due === undefined) return Exit.Ok;
  const { waiting, sentBefore } = due;
  const exit = await sendOutcome(session, given, job, run, waiting);
  const told = new Set(waiting.map(({ id }) => id));
  await state((after) => {
    if (exit === Exit.Ok) after.waiting = after.waiting.filter(({ id }) => !told.has(id));
    else after.sentAt = sentBefore;
  });
  return exit;
}

/** Adds the run to the state. Returns the message that is due. */
function decideWhetherToSend(state: JobState, job: Job, run: Run, outcome: string): Due {
  const wanted = isWanted(job.when, run, state.outcome !== outcome);
  state.outcome = outcome;
  const since = state.sentAt === null ? Number.POSITIVE_INFINITY : (Date.now() - Date.parse(state.sentAt)) / 1000;
  const quiet = job.throttle !== undefined && since >= 0 && since < job.throttle;
  if (quiet) {
    if (wanted) state.waiting = [...state.waiting, makeWaitingRun(job, run)].slice(-mostWaiting);
    return undefined;
  }
  if (!wanted && !(job.digest && state.waiting.length > 0)) return undefined;
  const sentBefore = state.sentAt;
  state.sentAt = new Date().toISOString();
  return { waiting: state.waiting, sentBefore };
}

function makeWaitingRun(job: Job, run: Run): WaitingRun {
  const { started, seconds, code } = run;
  return {
    id: `${started.getTime()}-${process.pid}`,
    started: started.toISOString(),
    seconds,
    code,
    output: job.digest ? outputForDigest(run) : "",
  };
}

function isWanted(when: Condition, run: Run, changed: boolean): boolean {
  if (when === "failed") return run.code !== 0;
  if (when === "output") return run.size > 0;
  return when === "always" || changed;
}

async function hashOutcome(run: Run): Promise<string> {
  const hash = createHash("sha256").update(`${run.code}\n`);
  for await (const piece of createReadStream(run.output)) hash.update(piece as Buffer);
  return hash.digest("hex");
}

async function sendOutcome(
  session: Session,
  given: CommandLine,
  job: Asked,
  run: Run,
  waiting: readonly WaitingRun[],
): Promise<ExitCode> {
  const draft = emptyDraft();
  const command = formatCommand(job.command);
  draft.to = [...given.words];
  draft.cc = [...given.cc];
  draft.bcc = [...given.bcc];
  draft.from = given.from;
  draft.subject = (given.subject ?? `${command} on ${hostname()}: ${describeEnding(run)}`).replace(/[\r\n]/g, " ");
  draft.fields = job.fields;
  // This field prevents automatic replies (RFC 3834, section 5).
  if (!isGiven(job.fields, "auto-submitted")) draft.fields.unshift({ name: "Auto-Submitted", value: "auto-generated" });
  const { pieces, cut } = messageText(run, { command, host: hostname(), waiting });
  for (const piece of pieces) draft.body.append(piece);
  if (cut) draft.attachments.push(await openAttachment(run.output));
  const { exit } = await compose(composeContext(session, { subject: false }), draft, { isComplete: true });
  return exit;
}

/** Returns whether a field is given, either as a name and a value, or as one line for a sendmail program. */
function isGiven(fields: Draft["fields"], lowerName: string): boolean {
  return fields.some(({ name, value }) => (name || value).toLowerCase().split(":")[0]?.trim() === lowerName);
}
