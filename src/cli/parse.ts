/** Parses the arguments with commander, according to the table of options. */
import type { Command, Option as ParserOption } from "commander";
import { Exit } from "../errors.ts";
import type { CommandLine } from "./command-line.ts";
import { checkOptions, isListing, isSending, sendsForProgram, UsageError } from "./command-line.ts";
import { type ExpandedArguments, expandArguments, findOptionByLetter } from "./expand-arguments.ts";
import { type Option, options } from "./options.ts";
import type { OrderedOption, Parts } from "./part-options.ts";
import type { ProgramForms } from "./program-forms.ts";

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
  const ordered: OrderedOption[] = [];
  const makeOption = (flags: string, meaning: string) => new ParserOption(flags, meaning);
  const parser = new Parser("mail").exitOverride().allowExcessArguments().argument("[to-addr...]");
  parser.usage("[options] to-addr ... | [options] [-f [name]] [-u user]");
  parser.helpOption("-h, --help", "Print this help and exit.");
  parser.addHelpText("after", "\nFor details, see mail(1) and mailrc(5), or run mail help TOPIC.");
  parser.configureOutput({ writeOut: print, writeErr: () => {} });
  const { before, command } = splitAtRun(argv);
  const expanded = expandArguments(before);
  for (const option of findGivenOptions(expanded.words)) declareOption(parser, option, { makeOption, ordered });
  try {
    parser.parse(expanded.words, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return undefined;
    const { formatUsage } = await import("./usage.ts");
    // To a calling program, exit code 1 means that there are no messages, so another code is used.
    const exit = expanded.words.some((word) => programForms.has(word)) ? Exit.Usage : Exit.Failure;
    throw new UsageError(error.message.replace(/^error: /, "mail: "), exit, formatUsage());
  }
  const parts = ordered.length === 0 ? noParts : await readPartsInOrder(ordered, expanded);
  const values = parser.opts<Record<string, unknown>>();
  const forms = programOptions.some((name) => values[name] !== undefined)
    ? await import("./program-forms.ts")
    : undefined;
  const commandLine = toCommandLine(values, expanded, {
    command,
    parts,
    words: parser.args,
    forms: forms?.readProgramForms(values),
  });
  forms?.checkProgramForms(commandLine);
  return commandLine;
}

const programForms: ReadonlySet<string> = new Set(
  "--json --count --json-schema --delete --move --copy --mark --save-parts --resend --reply --forward --part".split(
    " ",
  ),
);

/** The names under which the parser stores the values of the options for programs. */
const programOptions = (
  "limit newest sort thread parts text allHeaders show jsonSchema delete move copy mark saveParts resend reply all " +
  "sender quote forward part atMost fromJson draft send again present wait"
).split(" ");

const noForms: ProgramForms = {
  list: {
    limit: undefined,
    newest: false,
    sort: undefined,
    thread: false,
    parts: false,
    text: false,
    allHeaders: false,
    show: false,
  },
  jsonSchema: undefined,
  act: undefined,
  atMost: undefined,
  outgoing: { fromJson: false, draft: false, send: undefined, again: false },
  waiting: undefined,
};

const noParts: Parts = {
  header: [],
  attach: [],
  body: { type: undefined, encoding: undefined },
  likelyType: undefined,
};

async function readPartsInOrder(ordered: readonly OrderedOption[], { inFull }: ExpandedArguments): Promise<Parts> {
  const { readPartOptions } = await import("./part-options.ts");
  return readPartOptions(ordered, { mayBeAccount: !inFull.has("attach") });
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

/**
 * Returns the options to declare: those that can occur in the arguments, because declaring all of them takes longer than
 * parsing. If an argument asks for help or is not a known option, all options are returned.
 */
function findGivenOptions(words: readonly string[]): readonly Option[] {
  const given = new Set<Option | undefined>();
  for (const word of words) {
    if (word.startsWith("--")) {
      const name = word.slice(2).split("=", 1)[0];
      given.add(options.find(({ long }) => long === name));
    } else if (word.startsWith("-")) {
      // Some of these letters may belong to an option's value.
      for (const letter of word.slice(1)) {
        const option = findOptionByLetter(letter);
        if (option !== undefined) given.add(option);
      }
    }
  }
  const rows: readonly Option[] = given.has(undefined) ? options : [...given].filter((row) => row !== undefined);
  return rows.filter(({ noEffect }) => noEffect !== true);
}

function declareOption(
  parser: Command,
  option: Option,
  { makeOption, ordered }: { makeOption: (flags: string, meaning: string) => ParserOption; ordered: OrderedOption[] },
): void {
  const flags = `${option.letter === undefined ? "" : `-${option.letter}, `}--${option.long}${formatOperand(option)}`;
  const declared = makeOption(flags, option.meaning);
  if (option.ordered === true) {
    declared.argParser((value: string) => {
      ordered.push({ long: option.long, value });
      return value;
    });
  } else if (option.repeats === true) declared.argParser(appendValue);
  parser.addOption(declared);
}

/** Returns an option's argument in the form that the parser expects and that --help shows. */
function formatOperand({ argument, optional, variadic }: Option): string {
  if (argument === undefined) return "";
  if (variadic === true) return ` <${argument}...>`;
  return optional === true ? ` [${argument}]` : ` <${argument}>`;
}

interface ParsedArguments {
  /** The command after `--run --`. */
  readonly command: readonly string[];
  readonly parts: Parts;
  readonly words: readonly string[];
  readonly forms?: ProgramForms | undefined;
}

function toCommandLine(
  given: Readonly<Record<string, unknown>>,
  expanded: ExpandedArguments,
  { command, parts, words, forms = noForms }: ParsedArguments,
): CommandLine {
  const text = (name: string) => given[name] as string | undefined;
  const list = (name: string) => (given[name] as readonly string[] | undefined) ?? [];
  const flag = (name: string) => given[name] === true;
  const { header, attach, body, likelyType } = parts;
  const target = readTargets(list("target"));
  const result: CommandLine = {
    subject: text("subject"),
    cc: [...list("cc"), ...target.cc],
    bcc: [...list("bcc"), ...target.bcc],
    from: text("from"),
    header,
    customHeader: list("customHeader").filter((value) => value.trim() !== ""),
    attach,
    skipEmptyAttachments: flag("skipEmptyAttachments"),
    alternative: flag("alternative"),
    bodyType: bodyTypeOf(text("bodyType") ?? body.type, likelyType),
    bodyEncoding: body.encoding,
    html: flag("html"),
    bodyFile: text("bodyFile"),
    withoutMime: flag("withoutMime"),
    recordByName: flag("byname"),
    quoteFile: text("quoteFile"),
    recipientsFromHeader: flag("recipientsFromHeader"),
    file: flag("file"),
    user: text("user"),
    exists: flag("exists"),
    headers: flag("headers"),
    search: text("search"),
    readOnly: flag("readOnly"),
    batch: flag("batchMode"),
    resourceFiles: text("resourceFiles"),
    endOptions: flag("endOptions"),
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
    folders: flag("folders"),
    queue: flag("queue"),
    flush: flag("flush"),
    smtp: given["smtp"] as string | true | undefined,
    track: given["track"] as string | true | undefined,
    wait: parseSeconds("wait", text("wait")),
    set: list("set"),
    account: text("account"),
    login: text("login"),
    run: command.length > 0 ? command : list("run"),
    if: text("if"),
    throttle: text("throttle"),
    digest: flag("digest"),
    config: flag("config"),
    check: flag("check"),
    json: flag("json"),
    ...forms,
    startUpCommands: list("startupCmd"),
    count: flag("count"),
    print: flag("print"),
    version: flag("version"),
    words: [...words, ...target.to],
  };
  const readsMail = isListing(result) || result.act !== undefined || result.waiting !== undefined;
  const listing = readsMail ? { ...result, words: moveFileFirst(expanded.words, words) } : result;
  const meant = withMeaningOfD(listing);
  checkOptions(meant, expanded);
  return withMeaningOfE(meant);
}

/** Changes -d to --dry-run for a program that acts on messages or sends a message. */
function withMeaningOfD(given: CommandLine): CommandLine {
  const isDryRun = given.debug && (given.act !== undefined || sendsForProgram(given));
  return isDryRun ? { ...given, debug: false, dryRun: true } : given;
}

/** Changes -e to -E if there are recipients. As in bsd-mailx, -e then means that an empty message is not sent. */
function withMeaningOfE(given: CommandLine): CommandLine {
  return given.exists && isSending(given) ? { ...given, exists: false, skipEmpty: true } : given;
}

function bodyTypeOf(given: string | undefined, likely: string | undefined): CommandLine["bodyType"] {
  if (given !== undefined) return { type: given };
  return likely === undefined ? undefined : { type: likely, onlyIfLikely: true };
}

/** Returns the recipients given with S-nail's option -T "field: addresses". @throws UsageError */
function readTargets(given: readonly string[]): { to: string[]; cc: string[]; bcc: string[] } {
  const people: { to: string[]; cc: string[]; bcc: string[] } = { to: [], cc: [], bcc: [] };
  for (const text of given) {
    const [, field = "", addresses = ""] = /^\s*(to|cc|bcc)\s*:\s*(.*)$/is.exec(text) ?? [];
    if (addresses === "") {
      throw new UsageError(`mail: -T "${text}": not "to: address", "cc: address" or "bcc: address"`, Exit.Usage);
    }
    people[field.toLowerCase() as "to" | "cc" | "bcc"].push(addresses);
  }
  return people;
}

function parseSeconds(option: string, value: string | undefined): number {
  if (value === undefined) return 0;
  if (!/^\d{1,6}(?:\.\d+)?$/.test(value)) {
    throw new UsageError(`mail: --${option}: "${value}" is invalid; use a number of seconds`, Exit.Usage);
  }
  return Number(value);
}

/** Returns the arguments with the argument of -f first: `--print 3 -f box` means `--print -f box 3`. */
function moveFileFirst(argv: readonly string[], words: readonly string[]): readonly string[] {
  const option = argv.findIndex((word) => /^(?:-[A-Za-z~]*f|--file)$/.test(word));
  const file = option < 0 ? undefined : argv[option + 1];
  const at = file === undefined || (file !== "-" && file.startsWith("-")) ? -1 : words.indexOf(file);
  return at <= 0 ? words : [words[at] as string, ...words.slice(0, at), ...words.slice(at + 1)];
}
