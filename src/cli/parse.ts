/** argv to what was said: commander does the parsing, the table says what there is. */

import { existsSync } from "node:fs";
import type { Command, Option as ParserOption } from "commander";
import { Exit, type ExitCode, MailError } from "../errors.ts";
import { fileFirst, isListing } from "./listing.ts";
import { type Option, options } from "./options.ts";

/** What the command line said, before start-up files and the environment are looked at. */
export interface SaidOptions {
  readonly subject: string | undefined;
  readonly cc: readonly string[];
  readonly bcc: readonly string[];
  readonly from: string | undefined;
  readonly header: readonly string[];
  readonly customHeader: readonly string[];
  readonly attach: readonly string[];
  readonly quoteFile: string | undefined;
  readonly recipientsFromHeader: boolean;
  readonly file: boolean;
  readonly user: string | undefined;
  readonly exists: boolean;
  readonly headers: boolean;
  readonly withoutHeaderList: boolean;
  readonly skipEmpty: boolean;
  readonly ignoreInterrupts: boolean;
  readonly interactive: boolean;
  readonly tildeEscapes: boolean;
  readonly withoutSystemRc: boolean;
  readonly debug: boolean;
  readonly verbose: boolean;
  readonly dryRun: boolean;
  readonly trace: string | undefined;
  readonly queue: boolean;
  readonly flush: boolean;
  /** True where nothing was named, here and below. */
  readonly smtp: string | true | undefined;
  readonly track: string | true | undefined;
  readonly wait: number;
  readonly set: readonly string[];
  /** The command of --run; empty without. */
  readonly run: readonly string[];
  readonly if: string | undefined;
  readonly throttle: string | undefined;
  readonly digest: boolean;
  readonly config: boolean;
  readonly check: boolean;
  readonly json: boolean;
  /** Command lines of -E, as GNU mail has it. */
  readonly exec: readonly string[];
  readonly count: boolean;
  readonly print: boolean;
  readonly version: boolean;
  /** Recipients, or the one file of -f. */
  readonly words: readonly string[];
  /** With `-f -`: where the mailbox that came on standard input is kept. */
  readonly piped?: string;
}

/** A command line that cannot be meant. Exit code 1 where bsd-mailx has the same complaint. */
export class UsageError extends MailError {
  constructor(message: string, exit: ExitCode = Exit.Failure) {
    super(message, exit);
  }
}

const usage = `usage: mail [-dEiInv~] [-a header] [-A file] [-b bcc-addr] [-c cc-addr] [-q file]
            [-r from-addr] [-s subject] [-S name=value] to-addr ...
       mail [-dEinv] [-A file] [-S name=value] -t
       mail [-dEHIinNv] -f [name]
       mail [-deEHIinNv] [-u user]
       mail --run command ... [--if failed|output|changed|always] [-s subject] to-addr ...
       mail --json | --count | --print [-f name] [query]
${usesAlone()}
       mail help topic`;

/** The options that are a use of their own, in lines of 80 columns. */
function usesAlone(): string {
  const uses = options.flatMap((option: Option) =>
    option.alone === undefined ? [] : [`--${option.long}${operand(option)} ${option.alone}`.trim()],
  );
  const lines = [""];
  for (const use of uses) {
    const line = lines.at(-1) ?? "";
    if (line === "") lines[lines.length - 1] = `       mail ${use}`;
    else if (line.length + use.length > 76) lines.push(`       mail ${use}`);
    else lines[lines.length - 1] = `${line} | ${use}`;
  }
  return lines.join("\n");
}

/** @returns undefined when the answer (--help) was printed already. @throws UsageError */
export async function parseArguments(
  argv: readonly string[],
  print: (text: string) => void,
): Promise<SaidOptions | undefined> {
  const { Command: Parser, CommanderError, Option: ParserOption } = await import("commander");
  const hidden = (flags: string) => new ParserOption(flags).hideHelp();
  const parser = new Parser("mail").exitOverride().allowExcessArguments().argument("[to-addr...]");
  parser.usage("[options] to-addr ... | [options] [-f [name]] [-u user]");
  parser.helpOption("-h, --help", "Print this and end.");
  parser.addHelpText("after", "\nIn full: man mail, man mailrc. Of one thing: mail help TOPIC.");
  parser.configureOutput({ writeOut: print, writeErr: () => {} });
  const words = withExec(argv);
  for (const option of options) if (mayBeGiven(option, words)) declare(parser, hidden, option);
  parser.addOption(hidden("--exec <command>").argParser(collected));
  try {
    parser.parse(words, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return undefined;
    throw new UsageError(`${error.message.replace(/^error: /, "mail: ")}\n${usage}`);
  }
  return said(parser, argv);
}

function collected(value: string, before: unknown): string[] {
  return [...((before as string[] | undefined) ?? []), value];
}

/** GNU mail's -E takes a command, bsd-mailx's nothing: what follows it is a command if it reads like one. */
const commandLine = /^(?:set|unset|alias|group|alternates|ignore|discard|retain)[ \t]+\S/;

function withExec(argv: readonly string[]): string[] {
  const rewritten: string[] = [];
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] as string;
    if (word === "--") return [...rewritten, ...argv.slice(at)];
    const next = argv[at + 1] ?? "";
    if (word === "-E" && commandLine.test(next)) {
      rewritten.push(`--exec=${next}`);
      at++;
    } else rewritten.push(word);
  }
  return rewritten;
}

/**
 * Declaring an option costs more than parsing it: those that no word can mean are left out. Where a word is no option at
 * all, or asks for help, each counts.
 */
function mayBeGiven({ letter, long, also }: Option, words: readonly string[]): boolean {
  return words.some((word) => {
    if (!word.startsWith("-") || word === "-") return false;
    if (!word.startsWith("--")) return word.includes("h") || (letter !== undefined && word.includes(letter));
    const [name = ""] = word.slice(2).split("=", 1);
    return name === long || name === also || !isName(name);
  });
}

function isName(word: string): boolean {
  return word === "exec" || options.some(({ long, also }: Option) => long === word || also === word);
}

function operand({ argument, optional, variadic }: Option): string {
  if (argument === undefined) return "";
  if (variadic === true) return ` <${argument}...>`;
  return optional === true ? ` [${argument}]` : ` <${argument}>`;
}

function declare(parser: Command, hidden: (flags: string) => ParserOption, option: Option): void {
  const argument = operand(option);
  const flags = `${option.letter === undefined ? "" : `-${option.letter}, `}--${option.long}${argument}`;
  if (option.repeats === true) parser.option(flags, option.meaning, collected);
  else parser.option(flags, option.meaning);
  if (option.also === undefined) return;
  const also = hidden(`--${option.also}${argument}`);
  const key = attributeOf(option.long);
  parser.addOption(also);
  parser.on(`option:${option.also}`, (value: string) => {
    parser.setOptionValue(key, option.repeats === true ? collected(value, parser.getOptionValue(key)) : value);
  });
}

/** `quote-file` as commander keeps it: `quoteFile`. */
function attributeOf(long: string): string {
  return long.replace(/-(\w)/g, (_all, letter: string) => letter.toUpperCase());
}

function said(parser: Command, argv: readonly string[]): SaidOptions {
  const given = parser.opts<Record<string, unknown>>();
  const text = (name: string) => given[name] as string | undefined;
  const list = (name: string) => (given[name] as readonly string[] | undefined) ?? [];
  const flag = (name: string) => given[name] === true;
  const result: SaidOptions = {
    subject: text("subject"),
    cc: list("cc"),
    bcc: list("bcc"),
    from: text("from"),
    header: list("header"),
    customHeader: list("customHeader"),
    attach: list("attach"),
    quoteFile: text("quoteFile"),
    recipientsFromHeader: flag("recipientsFromHeader"),
    file: flag("file"),
    user: text("user"),
    exists: flag("exists"),
    headers: flag("headers"),
    withoutHeaderList: flag("withoutHeaderList"),
    skipEmpty: flag("skipEmpty"),
    ignoreInterrupts: flag("ignoreInterrupts"),
    interactive: flag("interactive"),
    tildeEscapes: flag("tildeEscapes"),
    withoutSystemRc: flag("withoutSystemRc"),
    debug: flag("debug"),
    verbose: flag("verbose"),
    dryRun: flag("dryRun"),
    trace: text("trace"),
    queue: flag("queue"),
    flush: flag("flush"),
    smtp: given["smtp"] as string | true | undefined,
    track: given["track"] as string | true | undefined,
    wait: seconds("wait", text("wait")),
    set: list("set"),
    run: list("run") ?? [],
    if: text("if"),
    throttle: text("throttle"),
    digest: flag("digest"),
    config: flag("config"),
    check: flag("check"),
    json: flag("json"),
    exec: list("exec"),
    count: flag("count"),
    print: flag("print"),
    version: flag("version"),
    words: parser.args,
  };
  const listing = isListing(result) ? { ...result, words: fileFirst(argv, parser.args) } : result;
  check(listing);
  return listing;
}

function seconds(option: string, value: string | undefined): number {
  if (value === undefined) return 0;
  if (!/^\d{1,6}(?:\.\d+)?$/.test(value)) throw new UsageError(`mail: --${option} takes seconds, not "${value}"`);
  return Number(value);
}

function check(given: SaidOptions): void {
  if (given.trace !== undefined && given.trace !== "json") throw new UsageError("mail: --trace takes the word json");
  if (given.file && given.words.length > 1 && !isListing(given)) {
    throw new UsageError("mail: Cannot give -f and people to send to");
  }
  const forSending =
    given.subject !== undefined ||
    given.from !== undefined ||
    [given.cc, given.bcc, given.attach].some((list) => list.length > 0) ||
    given.quoteFile !== undefined;
  const forRun = given.if !== undefined || given.throttle !== undefined || given.digest;
  if (forRun && given.run.length === 0) {
    throw new UsageError("mail: --if, --throttle and --digest go with --run", Exit.Usage);
  }
  const recipients = given.words.length > 0 || given.recipientsFromHeader;
  if (forSending && (given.file || !recipients)) {
    throw new UsageError("mail: You must specify to-addr recipients when using -s, -c, -b, or -r");
  }
  if (given.recipientsFromHeader && given.file) throw new UsageError("mail: -f and -t exclude each other", Exit.Usage);
  const file = given.header.find((value) => !isField(value) && existsSync(value));
  if (file !== undefined) {
    throw new UsageError(
      `mail: -a "${file}": this is a file, and -a takes a header field; use -A to attach it`,
      Exit.Usage,
    );
  }
  const wrong = given.customHeader.find((value) => !isField(value));
  if (wrong !== undefined) {
    throw new UsageError(`mail: -C "${wrong}": not a header field, "Name: value"`, Exit.Usage);
  }
}

/** RFC 5322, section 2.2; a blank before the colon is let pass. */
export function isField(line: string): boolean {
  return /^[!-9;-~]+[ \t]*:/.test(line);
}
