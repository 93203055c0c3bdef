/**
 * Runs `mail`: parses the arguments, then composes, reads, lists or checks. Only this file prints errors and sets the exit
 * code.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import type { CommandLine } from "./cli/command-line.ts";
import { isForProgram, isListing, isSending, sendsForProgram } from "./cli/command-line.ts";
import type { Composition } from "./compose/compose.ts";
import { type ErrorValue, Exit, type ExitCode, printError } from "./errors.ts";
import { endAtOnce } from "./libc.ts";
import { decodeBytes } from "./message/text.ts";
import { showNotices } from "./notices.ts";
import type { Session } from "./read/session/session.ts";
import { hidePasswordArguments } from "./secret-words.ts";
import { isSystemError, toMailError } from "./system-error.ts";
import type { Terminal } from "./terminal/terminal.ts";
import { version } from "./version.ts";

const program = "mail";

/** Opens the terminal for a session: the process's own terminal, or a recording terminal in a test. */
export type OpenTerminal = (options: {
  readonly interactive: boolean;
  readonly forProgram?: "text" | "json" | undefined;
}) => Promise<Terminal>;

const openOwn: OpenTerminal = async (options) => {
  const { openTerminal } = await import("./terminal/open-terminal.ts");
  return openTerminal(options);
};

/** The action that the arguments request. */
type Request =
  | { readonly kind: "help"; readonly topic: string }
  | { readonly kind: "version" }
  | { readonly kind: "schema"; readonly form: string | undefined }
  | { readonly kind: "task"; readonly given: CommandLine };

/** Evaluates the arguments. Returns undefined if --help was printed. */
async function readRequest(argv: readonly string[]): Promise<Request | undefined> {
  if (argv[0] === "-V" || argv[0] === "--version") return { kind: "version" };
  if (argv[0] === "help" && argv.length === 2) {
    const { asksForHelp } = await import("./cli/help-topic.ts");
    if (asksForHelp(argv)) return { kind: "help", topic: argv[1] ?? "" };
  }
  const { parseArguments } = await import("./cli/parse.ts");
  const given = await parseArguments(argv, printText);
  if (given === undefined) return undefined;
  if (given.version) return { kind: "version" };
  const { jsonSchema } = given;
  if (jsonSchema !== undefined) return { kind: "schema", form: jsonSchema === true ? undefined : jsonSchema };
  return { kind: "task", given: readsPipe(given) ? { ...given, piped: await takePiped() } : given };
}

async function startSession(terminal: Terminal, given: CommandLine): Promise<Session> {
  showNotices((text) => terminal.err(`${program}: ${text}\n`));
  const { newSession } = await import("./read/start-up.ts");
  return newSession(terminal, program, given);
}

/** Loads the task that the command line requests. The task returns an exit code, or a message to be composed. */
async function loadTask(given: CommandLine): Promise<(session: Session) => Promise<ExitCode | Composition>> {
  if (given.config) {
    const { formatConfig } = await import("./config/list-config.ts");
    return async ({ terminal, config }) => {
      terminal.out(formatConfig(config));
      return Exit.Ok;
    };
  }
  if (given.check) {
    const { runChecks } = await import("./check/check.ts");
    return (session) => runChecks(session, { address: given.words[0], json: given.json });
  }
  if (given.login !== undefined) {
    const account = given.login;
    const { logInToProvider } = await import("./account/log-in.ts");
    return (session) => logInToProvider(session, account);
  }
  if (given.folders) {
    const { printFolders } = await import("./read/without-session/folder-list.ts");
    return (session) => printFolders(session, given.json);
  }
  if (given.queue || given.flush) {
    const { flushQueue, listQueue } = await import("./compose/sending/flush.ts");
    return async (session) => (given.flush ? flushQueue(session) : listQueue(session));
  }
  if (given.smtp !== undefined) {
    const { runDialogueByHand } = await import("./by-hand/by-hand.ts");
    const url = given.smtp === true ? undefined : given.smtp;
    return (session) => runDialogueByHand(session, url);
  }
  if (given.track !== undefined) {
    const { trackMessage } = await import("./track/track.ts");
    const what = given.track === true ? undefined : given.track;
    return (session) => trackMessage(session, { what, wait: given.wait });
  }
  if (given.run.length > 0) {
    const { runJob } = await import("./run/run.ts");
    return (session) => runJob(session, given);
  }
  if (sendsForProgram(given)) {
    const { sendForProgram } = await import("./act/send-for-program.ts");
    return (session) => sendForProgram(session, given);
  }
  if (isSending(given)) {
    const { draftMessage } = await import("./read/send/send.ts");
    return (session) => draftMessage(session, given);
  }
  const { act, waiting } = given;
  if (waiting !== undefined) {
    const { waitForMail } = await import("./act/wait-for-mail.ts");
    return (session) => waitForMail(session, given, waiting);
  }
  if (act !== undefined) {
    const { runAct } = await import("./act/run-act.ts");
    return (session) => runAct(session, given, act);
  }
  if (isListing(given)) {
    const { listMailbox } = await import("./read/without-session/listing.ts");
    return (session) => listMailbox(session, given);
  }
  const { readMail } = await import("./read/read.ts");
  return (session) => readMail(session, given);
}

/** Returns whether `-f -` is given, which means that the mailbox is read from standard input. */
function readsPipe({ file, words }: CommandLine): boolean {
  return file && words[0] === "-";
}

async function takePiped(): Promise<string> {
  const { takePipedMailbox } = await import("./mailbox/packed/piped.ts");
  return takePipedMailbox();
}

async function printHelp(topic: string, terminal: Terminal): Promise<void> {
  const { helpTopic } = await import("./cli/help-topic.ts");
  const { title, page, text } = helpTopic(topic, __dirname);
  const whole = Buffer.from(`${title} -- ${page}\n\n${text}`);
  const long = text.split("\n").length + 3 > terminal.size().rows;
  if (!terminal.outputIsTerminal || !long) return terminal.out(whole);
  const { variables } = await import("./config/variables.ts");
  await terminal.page(variables.PAGER.read(process.env["PAGER"]), [whole]);
}

/** Returns an object that prints errors before a terminal has been opened. */
async function placeForErrors(argv: readonly string[]) {
  const err = (text: string) => void process.stderr.write(text);
  if (!argv.includes("--json")) return { out: printText, err };
  const { formatError } = await import("./terminal/for-program.ts");
  return { out: printText, err, report: (error: ErrorValue) => err(formatError(error)) };
}

/** Prints text before a terminal has been opened. @throws the system's error, which process.stdout would not report */
function printText(text: string): void {
  writeFileSync(1, text);
}

/** Runs `mail` and returns its exit code; every error is printed here. */
export async function main(argv: readonly string[], open: OpenTerminal = openOwn): Promise<ExitCode> {
  let terminal: Terminal | undefined;
  try {
    const request = await readRequest(argv);
    let exit: ExitCode = Exit.Ok;
    if (request?.kind === "version") printText(`mail ${version}\n`);
    else if (request?.kind === "schema") {
      const { formatSchemas } = await import("./act/schemas.ts");
      printText(formatSchemas(request.form));
    } else if (request?.kind === "help") {
      terminal = await open({ interactive: false });
      await printHelp(request.topic, terminal);
    } else if (request?.kind === "task") {
      const { given } = request;
      const forProgram = isForProgram(given) ? (given.json ? "json" : "text") : undefined;
      terminal = await open({ interactive: given.interactive, forProgram });
      const session = await startSession(terminal, given);
      if (given.act === undefined && !sendsForProgram(given)) terminal.beginResult?.();
      const task = await loadTask(given);
      try {
        const ended = await task(session);
        if (typeof ended === "number") exit = ended;
        else {
          const { compose } = await import("./compose/compose.ts");
          ({ exit } = await compose(ended.context, ended.draft));
        }
      } finally {
        await session.submission.close();
      }
    }
    await terminal?.flush();
    return exit;
  } catch (error) {
    const failure = toMailError(error);
    try {
      const to = terminal ?? (await placeForErrors(argv));
      // The reader of standard output has exited, so a message would be useless.
      if (isSystemError(error) && error.code === "EPIPE") to.err("");
      else printError(to, failure);
      if (failure.exit === Exit.Software && process.env["MAIL_DEBUG"] !== undefined)
        to.err(`${(error as Error).stack}\n`);
      await terminal?.flush();
    } catch {
      // Standard error is also closed, so only the exit code remains.
    }
    return failure.exit;
  }
}

/**
 * Returns the arguments. Node decodes the arguments as UTF-8. If they are not UTF-8, their bytes are read from /proc
 * and decoded according to the locale.
 */
function readArguments(): string[] {
  const decoded = process.argv.slice(2);
  if (decoded.length === 0 || !decoded.some((word) => word.includes("\ufffd"))) return decoded;
  try {
    const words = decodeBytes(readFileSync("/proc/self/cmdline")).split("\0").slice(0, -1);
    return words.slice(-decoded.length);
  } catch {
    return decoded;
  }
}

/** Runs `mail` as a program and exits; called by the launcher. */
export function start(): void {
  const given = readArguments();
  hidePasswordArguments();
  void main(given).then((exit) => {
    // This handler is added after all others, such as the one that leaves raw mode, so it runs last.
    process.on("exit", endAtOnce);
    // All output has been written. Without this call, Node would spend 2 ms freeing its heap.
    process.exit(exit);
  });
}

/** Runs `sendmail` as a program and exits; called by the launcher. */
export async function startSendmail(): Promise<void> {
  const { runSendmail } = await import("./sendmail.ts");
  const exit = await runSendmail(basename(process.argv[1] ?? ""), readArguments());
  process.on("exit", endAtOnce);
  process.exit(exit);
}
