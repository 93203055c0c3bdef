/**
 * Reads and checks the options for programs: the options that act on messages, and the options that determine the form
 * of the list printed by --json.
 */
import { Exit, joinAlternatives } from "../errors.ts";
import {
  type CommandLine,
  describeConflict,
  type ListForm,
  type MarkName,
  markNames,
  nameSendingOption,
  type OutgoingForm,
  type RequestedAct,
  type RequestedWait,
  sendsForProgram,
  UsageError,
} from "./command-line.ts";

export type ProgramForms = Pick<CommandLine, "list" | "jsonSchema" | "act" | "atMost" | "outgoing" | "waiting">;

type Values = Readonly<Record<string, unknown>>;

/** Returns the values of these options. @throws UsageError for an invalid value or more than one action */
export function readProgramForms(values: Values): ProgramForms {
  return {
    list: readListForm(values),
    jsonSchema: values["jsonSchema"] as string | true | undefined,
    act: readAct(values),
    atMost: readCount("at-most", values["atMost"]),
    outgoing: readOutgoingForm(values),
    waiting: readWait(values),
  };
}

function readOutgoingForm(values: Values): OutgoingForm {
  const flag = (name: string) => values[name] === true;
  const send = values["send"] as string | undefined;
  if (flag("again") && send === undefined) throw new UsageError("mail: --again requires --send", Exit.Usage);
  return { fromJson: flag("fromJson"), draft: flag("draft"), send, again: flag("again") };
}

function readWait(values: Values): RequestedWait | undefined {
  const acceptsPresent = values["present"] === true;
  const seconds = values["track"] === undefined ? values["wait"] : undefined;
  if (seconds !== undefined) return { seconds: Number(seconds), acceptsPresent };
  if (acceptsPresent) throw new UsageError("mail: --present requires --wait", Exit.Usage);
  return undefined;
}

function readListForm(values: Values): ListForm {
  const flag = (name: string) => values[name] === true;
  return {
    limit: readCount("limit", values["limit"]),
    newest: flag("newest"),
    sort: values["sort"] as string | undefined,
    thread: flag("thread"),
    parts: flag("parts"),
    text: flag("text"),
    allHeaders: flag("allHeaders"),
    show: flag("show"),
  };
}

function readCount(option: string, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "string" && /^[1-9]\d{0,8}$/.test(value)) return Number(value);
  throw new UsageError(`mail: --${option}: "${value}" is invalid; use a number from 1 to 999999999`, Exit.Usage);
}

function readAct(values: Values): RequestedAct | undefined {
  const acts: RequestedAct[] = [];
  const text = (name: string) => values[name] as string;
  const has = (name: string) => values[name] !== undefined;
  if (has("delete")) acts.push({ kind: "delete" });
  if (has("move")) acts.push({ kind: "move", to: text("move") });
  if (has("copy")) acts.push({ kind: "copy", to: text("copy") });
  if (has("mark")) acts.push({ kind: "mark", state: readMark(text("mark")) });
  if (has("saveParts")) acts.push({ kind: "save-parts", to: text("saveParts") });
  if (has("resend")) acts.push({ kind: "resend", to: values["resend"] as readonly string[] });
  if (has("reply")) {
    if (has("all") && has("sender")) throw describeConflict("--all", "--sender");
    acts.push({ kind: "reply", id: text("reply"), toAll: !has("sender"), quotes: has("quote") });
  } else {
    const [option] = ["all", "sender", "quote"].filter(has);
    if (option !== undefined) throw new UsageError(`mail: --${option} requires --reply`, Exit.Usage);
  }
  if (has("forward")) acts.push({ kind: "forward", id: text("forward") });
  if (has("part")) acts.push({ kind: "part", number: text("part") });
  const [act, other] = acts;
  if (act !== undefined && other !== undefined) throw describeConflict(`--${act.kind}`, `--${other.kind}`);
  return act;
}

function readMark(text: string): MarkName {
  const state = markNames.find((name) => name === text);
  if (state !== undefined) return state;
  throw new UsageError(`mail: --mark: "${text}" is invalid; use ${joinAlternatives(markNames)}`, Exit.Usage);
}

/** Returns the given options that apply only to lists, so that an error message can name one of them. */
function listOptionsOf({ list }: Pick<CommandLine, "list">): string[] {
  const given: readonly (readonly [string, boolean])[] = [
    ["--limit", list.limit !== undefined],
    ["--newest", list.newest],
    ["--sort", list.sort !== undefined],
    ["--thread", list.thread],
    ["--parts", list.parts],
    ["--text", list.text],
    ["--all-headers", list.allHeaders],
    ["--show", list.show],
  ];
  return given.flatMap(([name, isGiven]) => (isGiven ? [name] : []));
}

/**
 * Rejects options that do not apply or that conflict.
 *
 * @throws UsageError
 */
export function checkProgramForms(given: CommandLine): void {
  const { act, list, file, outgoing, waiting } = given;
  const [option] = listOptionsOf(given);
  if (waiting !== undefined) checkWait(given);
  if (outgoing.draft) checkDraft(given);
  if (
    option !== undefined &&
    (!given.json || sendsForProgram(given) || given.check || given.count || act !== undefined || given.run.length > 0)
  )
    throw new UsageError(`mail: ${option} can be used only to list messages with --json`, Exit.Usage);
  if (list.sort !== undefined && !/^-?(?:date|from|subject|size)$/.test(list.sort))
    throw new UsageError(`mail: --sort: "${list.sort}" is invalid; use date, from, subject or size`, Exit.Usage);
  if (list.thread && list.sort !== undefined) throw describeConflict("--thread", "--sort");
  if (list.thread && list.newest) throw describeConflict("--thread", "--newest");
  if (list.newest && list.sort !== undefined) throw describeConflict("--newest", "--sort");
  const words = given.words.slice(file ? 1 : 0);
  if (list.show && words.length === 0) throw new UsageError("mail: --show: no id or query", Exit.Usage);
  if (given.atMost !== undefined && (act === undefined || act.kind === "reply" || act.kind === "part"))
    throw new UsageError("mail: --at-most requires an action on a query, such as --delete", Exit.Usage);
  if (act !== undefined) checkAct(given, act, words);
}

/** Rejects options that do not apply to --wait. @throws UsageError */
function checkWait({ list }: CommandLine): void {
  const [option] = listOptionsOf({ list }).filter((name) => !/^--(?:parts|text|all-headers|show)$/.test(name));
  if (option !== undefined) throw describeConflict("--wait", option);
}

/** Rejects options that do not apply to --draft. @throws UsageError */
function checkDraft(given: CommandLine): void {
  const { act, run, outgoing } = given;
  if (act !== undefined) throw describeConflict(`--${act.kind}`, "--draft");
  if (run.length > 0) throw describeConflict("--run", "--draft");
  if (outgoing.send !== undefined) throw describeConflict("--send", "--draft");
}

function checkAct(given: CommandLine, act: RequestedAct, words: readonly string[]): void {
  const name = `--${act.kind}`;
  if (act.kind === "reply" && words.length > 0)
    throw new UsageError(`mail: ${name}: "${words[0]}": unexpected argument`, Exit.Usage);
  if (act.kind !== "reply" && words.length === 0)
    throw new UsageError(`mail: ${name}: ${missingArgument[act.kind]}`, Exit.Usage);
  if (act.kind === "part" && words.length > 1)
    throw new UsageError(`mail: ${name}: "${words[1]}": unexpected argument`, Exit.Usage);
  if (act.kind === "part" && given.json) throw describeConflict(name, "--json");
  if (act.kind === "reply" || act.kind === "forward") return;
  const sending = nameSendingOption(given);
  if (sending !== undefined) throw describeConflict(name, sending);
}

const missingArgument = {
  delete: "no id or query",
  move: "no id or query",
  copy: "no id or query",
  mark: "no id or query",
  "save-parts": "no id or query",
  resend: "no id or query",
  forward: "no recipient",
  part: "no id",
} as const;
