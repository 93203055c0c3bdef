/**
 * Runs `sendmail`, also as `mailq` and `newaliases`. Only this file prints the program's errors and sets its exit code.
 */
import { realpathSync } from "node:fs";
import { Exit, type ExitCode, type MailError } from "./errors.ts";
import { showNotices } from "./notices.ts";
import type { SendmailOptions } from "./sendmail/sendmail-options.ts";
import type { SendmailContext } from "./sendmail/submit-message.ts";
import { toMailError } from "./system-error.ts";
import type { Terminal } from "./terminal/terminal.ts";
import { version } from "./version.ts";

/**
 * Runs `sendmail` and returns its exit code (sysexits.h).
 *
 * @param name the name by which the program was called
 */
export async function runSendmail(name: string, argv: readonly string[]): Promise<ExitCode> {
  let terminal: Terminal | undefined;
  try {
    const { parseSendmailOptions } = await import("./sendmail/sendmail-options.ts");
    const options = parseSendmailOptions(name, argv);
    const { openTerminal } = await import("./terminal/open-terminal.ts");
    terminal = await openTerminal();
    const exit = await performTask(options, terminal);
    await terminal.flush();
    return exit;
  } catch (error) {
    return await printFailure(toMailError(error), terminal);
  }
}

async function printFailure(failure: MailError, terminal: Terminal | undefined): Promise<ExitCode> {
  const line = `sendmail: ${failure.message}\n`;
  try {
    if (terminal === undefined) process.stderr.write(line);
    else {
      terminal.err(line);
      await terminal.flush();
    }
  } catch {
    // Standard error is closed, so only the exit code remains.
  }
  return failure.exit;
}

async function performTask(options: SendmailOptions, terminal: Terminal): Promise<ExitCode> {
  if (options.mode === "version") {
    terminal.out(`sendmail (mail ${version})\n`);
    return Exit.Ok;
  }
  if (options.mode === "help") {
    const { sendmailHelp } = await import("./sendmail/sendmail-options.ts");
    terminal.out(sendmailHelp());
    return Exit.Ok;
  }
  showNotices((text) => terminal.err(`sendmail: ${text}\n`));
  const { readConfiguration } = await import("./sendmail/configuration.ts");
  const config = await readConfiguration(terminal, process.env);
  const { callersQueues, queueSpool } = await import("./sendmail/queue-directories.ts");
  const spool = queueSpool(process.env);
  const self = realpathSync(process.argv[1] ?? "");
  const context: SendmailContext = { config, terminal, queues: callersQueues(config, spool), self };
  switch (options.mode) {
    case "send": {
      const { submitMessage } = await import("./sendmail/submit-message.ts");
      return submitMessage(context, options);
    }
    case "check-aliases": {
      const { checkAliases } = await import("./sendmail/alias-file.ts");
      return checkAliases(config, terminal);
    }
    case "flush":
    case "list": {
      const { processQueues } = await import("./sendmail/process-queues.ts");
      return processQueues(context, options.mode, spool);
    }
  }
}
