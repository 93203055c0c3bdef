/** argv to what was said: commander does the parsing, the table says what there is. */
import type { Command } from "commander";
import { Exit, MailError } from "../errors.ts";
import { type Option, options } from "./options.ts";

/** What the command line said, before start-up files and the environment are looked at. */
export interface SaidOptions {
  readonly subject: string | undefined;
  readonly cc: readonly string[];
  readonly bcc: readonly string[];
  readonly from: string | undefined;
  readonly header: readonly string[];
  readonly file: boolean;
  readonly user: string | undefined;
  readonly exists: boolean;
  readonly headers: boolean;
  readonly withoutHeaderList: boolean;
  readonly skipEmpty: boolean;
  readonly ignoreInterrupts: boolean;
  readonly interactive: boolean;
  readonly withoutSystemRc: boolean;
  readonly debug: boolean;
  readonly verbose: boolean;
  readonly dryRun: boolean;
  readonly trace: string | undefined;
  readonly set: readonly string[];
  readonly config: boolean;
  readonly check: boolean;
  readonly json: boolean;
  readonly version: boolean;
  /** Recipients, or the one file of -f. */
  readonly words: readonly string[];
}

export class UsageError extends MailError {
  constructor(message: string) {
    super(message, Exit.Failure);
  }
}

const usage = `usage: mail [-dEiInv] [-a header] [-b bcc-addr] [-c cc-addr] [-r from-addr]
            [-s subject] [-S name=value] to-addr ...
       mail [-dEHIinNv] -f [name]
       mail [-deEHIinNv] [-u user]`;

/** @returns undefined when the answer (--help) was printed already. @throws UsageError */
export async function parseArguments(
  argv: readonly string[],
  print: (text: string) => void,
): Promise<SaidOptions | undefined> {
  const { Command: Parser, CommanderError } = await import("commander");
  const parser = new Parser("mail").exitOverride().allowExcessArguments().argument("[to-addr...]");
  parser.usage("[options] to-addr ... | [options] [-f [name]] [-u user]");
  parser.configureOutput({ writeOut: print, writeErr: () => {} });
  for (const option of options) declare(parser, option);
  try {
    parser.parse([...argv], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return undefined;
    throw new UsageError(`${error.message.replace(/^error: /, "mail: ")}\n${usage}`);
  }
  return said(parser);
}

function declare(parser: Command, option: Option): void {
  const flags = `${option.letter === undefined ? "" : `-${option.letter}, `}--${option.long}${option.argument === undefined ? "" : ` <${option.argument}>`}`;
  if (option.repeats === true) {
    parser.option(flags, option.meaning, (value: string, before: string[]) => [...before, value], []);
  } else {
    parser.option(flags, option.meaning);
  }
}

function said(parser: Command): SaidOptions {
  const given = parser.opts<Record<string, unknown>>();
  const text = (name: string) => given[name] as string | undefined;
  const list = (name: string) => given[name] as readonly string[];
  const flag = (name: string) => given[name] === true;
  const result: SaidOptions = {
    subject: text("subject"),
    cc: list("cc"),
    bcc: list("bcc"),
    from: text("from"),
    header: list("header"),
    file: flag("file"),
    user: text("user"),
    exists: flag("exists"),
    headers: flag("headers"),
    withoutHeaderList: flag("withoutHeaderList"),
    skipEmpty: flag("skipEmpty"),
    ignoreInterrupts: flag("ignoreInterrupts"),
    interactive: flag("interactive"),
    withoutSystemRc: flag("withoutSystemRc"),
    debug: flag("debug"),
    verbose: flag("verbose"),
    dryRun: flag("dryRun"),
    trace: text("trace"),
    set: list("set"),
    config: flag("config"),
    check: flag("check"),
    json: flag("json"),
    version: flag("version"),
    words: parser.args,
  };
  check(result);
  return result;
}

function check(given: SaidOptions): void {
  if (given.trace !== undefined && given.trace !== "json") throw new UsageError("mail: --trace takes the word json");
  if (given.file && given.words.length > 1) throw new UsageError("mail: Cannot give -f and people to send to");
  const forSending =
    given.subject !== undefined || given.cc.length > 0 || given.bcc.length > 0 || given.from !== undefined;
  if (forSending && (given.file || given.words.length === 0)) {
    throw new UsageError("mail: You must specify to-addr recipients when using -s, -c, -b, or -r");
  }
}
