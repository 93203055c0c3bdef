/**
 * The terminal to use when the output is read by a program. On this terminal, `mail` never prompts, runs a pager, edits
 * lines or uses colours, even if the standard streams are terminals.
 */
import { type ErrorValue, Exit, MailError } from "../errors.ts";
import { formatJson } from "../message/safe-text.ts";
import { findUsualRemedy } from "../reasons.ts";
import type { Terminal } from "./terminal.ts";

/** Returns a terminal for a program. @param json whether errors and warnings are printed as JSON objects */
export function openForProgram(own: Terminal, json: boolean): Terminal {
  let hasBegun = false;
  let collecting: ((piece: string | Uint8Array) => void) | undefined;
  const out = (text: string | Uint8Array) => (collecting === undefined ? own.out(text) : collecting(text));
  const err = (text: string) => {
    if (!json) own.err(text);
    else
      for (const line of text.split("\n"))
        if (line !== "") own.err(formatProblem({ warning: { message: withoutName(line) } }));
  };
  return {
    interactive: false,
    inputIsTerminal: false,
    outputIsTerminal: false,
    rich: false,
    lost: false,
    begun: "",
    size: () => ({ rows: 24, columns: 80 }),
    out: (text) => (hasBegun ? out(text) : err(typeof text === "string" ? text : Buffer.from(text).toString())),
    err,
    ...(json ? { report: (error) => own.err(formatError(error)) } : {}),
    beginResult: (collect) => {
      hasBegun = true;
      collecting = collect;
    },
    flush: () => own.flush(),
    hasMore: () => own.hasMore(),
    readLine: async () => ({ kind: "end" }),
    editLine: async () => ({ kind: "end" }),
    rest: () => (own.inputIsTerminal ? refuseTerminal() : own.rest()),
    assist: () => {},
    choose: async () => undefined,
    chooseSeveral: async () => undefined,
    confirm: async () => false,
    progress: () => () => {},
    lend: (task) => task(),
    page: async (_pager, pieces) => {
      const groups = Symbol.asyncIterator in pieces ? pieces : [pieces];
      for await (const group of groups)
        for (const piece of group) out(piece instanceof Uint8Array ? piece : piece.text);
    },
    onInterrupt: () => () => {},
    close: () => own.close(),
  };
}

/** Returns an error as a line of JSON. An error without a remedy of its own gets the usual remedy for its reason. */
export function formatError(error: ErrorValue): string {
  return formatProblem({ error: { ...error, remedy: error.remedy ?? findUsualRemedy(error.reason) } });
}

function formatProblem(value: object): string {
  return `${formatJson(value)}\n`;
}

/** @throws MailError, because `mail` would otherwise wait for user input */
function refuseTerminal(): never {
  const text = "standard input is a terminal; nothing was sent; the text must come from a pipe or a file";
  throw new MailError(text, Exit.Usage);
}

function withoutName(line: string): string {
  return line.replace(/^mail: /, "");
}
