/** Parses the arguments with commander, according to the table of options. */
import type { Command, Option as ParserOption } from "commander";
import { checkOptions } from "./check-options.ts";
import type { CommandLine } from "./command-line.ts";
import { isListing, UsageError } from "./command-line.ts";
import { formatOperand, type Option, options } from "./options.ts";

/**
 * Returns the command line, or undefined if --help was printed.
 *
 * @throws UsageError
 */
export async function parseArguments(
  argv: readonly string[],
  print: (text: string) => void,
): Promise<CommandLine | undefined> {
  const { Command: Parser, CommanderError, Option: ParserOption } = await import("commander");
  const hidden = (flags: string) => new ParserOption(flags).hideHelp();
  const parser = new Parser("mail").exitOverride().allowExcessArguments().argument("[to-addr...]");
  parser.usage("[options] to-addr ... | [options] [-f [name]] [-u user]");
  parser.helpOption("-h, --help", "Print this help and exit.");
  parser.addHelpText("after", "\nFor details, see mail(1) and mailrc(5), or run mail help TOPIC.");
  parser.configureOutput({ writeOut: print, writeErr: () => {} });
  const { before, command } = splitAtRun(argv);
  const words = withExec(before);
  for (const option of options) if (mayBeGiven(option, words)) declareOption(parser, hidden, option);
  parser.addOption(hidden("--exec <command>").argParser(appendValue));
  try {
    parser.parse(words, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return undefined;
    const { formatUsage } = await import("./usage.ts");
    throw new UsageError(`${error.message.replace(/^error: /, "mail: ")}\n${formatUsage()}`);
  }
  return toCommandLine(parser, before, command);
}

/**
 * Returns the arguments before and after `--run --`. All later arguments belong to the command, even if they look
 * like options.
 */
function splitAtRun(argv: readonly string[]): { before: readonly string[]; command: readonly string[] } {
  const end = argv.indexOf("--");
  if (end < 1 || argv[end - 1] !== "--run") return { before: argv, command: [] };
  const command = argv.slice(end + 1);
  // If no command follows, --run is kept so that the parser reports the missing argument.
  return { before: argv.slice(0, command.length === 0 ? end : end - 1), command };
}

function appendValue(value: string, before: unknown): string[] {
  return [...((before as string[] | undefined) ?? []), value];
}

/** A command after -E. GNU mail's -E requires a command; bsd-mailx's -E takes no argument. */
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
 * Returns whether to declare an option. Options that cannot occur are skipped, because declaring them takes longer
 * than parsing. If an argument asks for help or is not a known option, all are declared.
 */
function mayBeGiven({ letter, long, also }: Option, words: readonly string[]): boolean {
  return words.some((word) => {
    if (!word.startsWith("-") || word === "-") return false;
    if (!word.startsWith("--")) return word.includes("h") || (letter !== undefined && word.includes(letter));
    const [name = ""] = word.slice(2).split("=", 1);
    return name === long || name === also || !isOptionName(name);
  });
}

function isOptionName(word: string): boolean {
  return word === "exec" || options.some(({ long, also }: Option) => long === word || also === word);
}

function declareOption(parser: Command, hidden: (flags: string) => ParserOption, option: Option): void {
  const argument = formatOperand(option);
  const flags = `${option.letter === undefined ? "" : `-${option.letter}, `}--${option.long}${argument}`;
  if (option.repeats === true) parser.option(flags, option.meaning, appendValue);
  else parser.option(flags, option.meaning);
  if (option.also === undefined) return;
  const also = hidden(`--${option.also}${argument}`);
  const key = attributeOf(option.long);
  parser.addOption(also);
  parser.on(`option:${option.also}`, (value: string) => {
    parser.setOptionValue(key, option.repeats === true ? appendValue(value, parser.getOptionValue(key)) : value);
  });
}

/** Returns commander's name of an option: `quoteFile` for `quote-file`. */
function attributeOf(long: string): string {
  return long.replace(/-(\w)/g, (_all, letter: string) => letter.toUpperCase());
}

function toCommandLine(parser: Command, argv: readonly string[], command: readonly string[]): CommandLine {
  const given = parser.opts<Record<string, unknown>>();
  const text = (name: string) => given[name] as string | undefined;
  const list = (name: string) => (given[name] as readonly string[] | undefined) ?? [];
  const flag = (name: string) => given[name] === true;
  const result: CommandLine = {
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
    wait: parseSeconds("wait", text("wait")),
    set: list("set"),
    account: text("account"),
    run: command.length > 0 ? command : list("run"),
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
  const listing = isListing(result) ? { ...result, words: moveFileFirst(argv, parser.args) } : result;
  checkOptions(listing);
  return listing;
}

function parseSeconds(option: string, value: string | undefined): number {
  if (value === undefined) return 0;
  if (!/^\d{1,6}(?:\.\d+)?$/.test(value)) {
    throw new UsageError(`mail: --${option}: "${value}" is invalid; use a number of seconds`);
  }
  return Number(value);
}

/** Returns the arguments with the file of -f first: `--print 3 -f box` means `--print -f box 3`. */
function moveFileFirst(argv: readonly string[], words: readonly string[]): readonly string[] {
  const option = argv.findIndex((word) => /^(?:-[A-Za-z~]*f|--file)$/.test(word));
  const file = option < 0 ? undefined : argv[option + 1];
  const at = file === undefined || (file !== "-" && file.startsWith("-")) ? -1 : words.indexOf(file);
  return at <= 0 ? words : [words[at] as string, ...words.slice(0, at), ...words.slice(at + 1)];
}
