/** Prompts that occupy more than one line. enquirer draws them, and is loaded when the first prompt is shown. */
import type { ReadStream } from "node:tty";
import { cutToFit, displayWidth } from "./display-width.ts";
import { stopJob } from "./job-control.ts";
import type { Size } from "./line-view.ts";
import type { Choice } from "./terminal.ts";
import { openTerminalDevice } from "./terminal-device.ts";

/** The output of a prompt. */
export interface Canvas {
  size(): Size;
  /** Writes text. Cursor movements and colours are kept; other control characters are made visible. */
  drawForeign(text: string): void;
  /** Returns text as it will be shown. */
  visible(text: string): string;
}

/** The enquirer options that are used here; enquirer's own types require Node's streams. */
interface Options {
  readonly message: string;
  readonly stdin: ReadStream;
  readonly stdout: { readonly isTTY: true; readonly columns: number; readonly rows: number; write(text: string): void };
}

interface Listed {
  readonly choices: readonly Row[];
  readonly limit: number;
}

interface Running<T> {
  run(): Promise<T>;
  cancel(): Promise<void>;
  render(): Promise<void>;
  /** Erases the drawn text and the given number of rows below the cursor. */
  clear(rows: number): void;
  cursorShow(): void;
  readonly state: { size: number };
}

interface Prompts {
  readonly Select: new (options: Options & Listed) => Running<string>;
  readonly MultiSelect: new (options: Options & Listed & typeof marks) => Running<readonly string[]>;
  readonly Confirm: new (options: Options) => Running<boolean>;
}

/** Lets the user choose one name. Returns undefined after Ctrl-C or Escape. */
export async function choose(
  canvas: Canvas,
  question: string,
  choices: readonly Choice[],
): Promise<string | undefined> {
  const rows = rowsOf(canvas, choices);
  const answer = await ask(
    canvas,
    question,
    ({ Select }, options) => new Select({ ...options, ...listChoices(canvas, rows) }),
  );
  return choices[rows.findIndex(({ name }) => name === answer)]?.name;
}

/**
 * Lets the user choose several names. Returns them in the order of the choices, or undefined after Ctrl-C or Escape.
 */
export async function chooseSeveral(
  canvas: Canvas,
  question: string,
  choices: readonly Choice[],
): Promise<readonly string[] | undefined> {
  const rows = rowsOf(canvas, choices);
  const answer = await ask(
    canvas,
    `${question} (Space marks)`,
    ({ MultiSelect }, options) => new MultiSelect({ ...options, ...listChoices(canvas, rows), ...marks }),
  );
  if (answer === undefined) return undefined;
  return choices.filter((_choice, index) => answer.includes(rows[index]?.name ?? "")).map(({ name }) => name);
}

/** Marks for the current and the selected choices. enquirer distinguishes them only by colour. */
const marks = {
  pointer(this: { index: number }, _choice: unknown, index: number): string {
    return this.index === index ? "▸ " : "  ";
  },
  indicator: (_state: unknown, choice: { enabled?: boolean }) => (choice.enabled === true ? "[x]" : "[ ]"),
};

interface Row {
  /** A name that is unique in the list. */
  readonly name: string;
  readonly message: string;
  readonly hint: string;
}

/**
 * Returns rows for choices. enquirer counts lines to position the cursor, so each choice must be a single line without
 * control characters.
 */
function rowsOf(canvas: Canvas, choices: readonly Choice[]): Row[] {
  const { columns } = canvas.size();
  const shown = (text: string, room: number) => cutToFit(canvas.visible(text).replace(/\s/g, " "), Math.max(room, 1));
  const rows: Row[] = [];
  for (const [index, { name, hint = "" }] of choices.entries()) {
    const text = shown(name, columns - 12);
    const own = rows.some((row) => row.name === text) ? `${text} (${index})` : text;
    rows.push({ name: own, message: own, hint: shown(hint, columns - 10 - displayWidth(own)) });
  }
  return rows;
}

function listChoices(canvas: Canvas, choices: readonly Row[]): Listed {
  return { choices, limit: Math.max(Math.min(canvas.size().rows - 4, 12), 3) };
}

/** Asks a yes-or-no question. Also returns false after Ctrl-C or Escape. */
export async function confirm(canvas: Canvas, question: string): Promise<boolean> {
  return (await ask(canvas, question, ({ Confirm }, options) => new Confirm(options))) === true;
}

async function ask<T>(
  canvas: Canvas,
  question: string,
  make: (prompts: Prompts, options: Options) => Running<T>,
): Promise<T | undefined> {
  const { default: enquirer } = await import("enquirer");
  const stdin = openTerminalDevice();
  if (stdin === undefined) return undefined;
  const { rows, columns } = canvas.size();
  const stdout = { isTTY: true, columns, rows, write: (text: string) => canvas.drawForeign(text) } as const;
  const message = cutToFit(canvas.visible(question), Math.max(columns - 12, 1));
  try {
    // enquirer exports a class for each kind of prompt, but its types omit these classes.
    const prompt = make(enquirer as unknown as Prompts, { message, stdin, stdout });
    handleControlKeys(stdin, prompt);
    return await prompt.run();
  } catch (error) {
    // After Ctrl-C or Escape, the promise is rejected without an error.
    if (error instanceof Error) throw error;
    return undefined;
  } finally {
    stdin.destroy();
  }
}

/**
 * Handles Ctrl-C, Ctrl-D and Ctrl-Z before enquirer's readline interface receives them. Ctrl-C and Ctrl-D cancel the
 * prompt. If the interface received these keys, it would close itself and then be used again, which has been an error
 * since Node 24 (ERR_USE_AFTER_CLOSE). After Ctrl-Z, the interface would never read again.
 */
function handleControlKeys(stdin: ReadStream, prompt: Running<unknown>): void {
  const emit = stdin.emit.bind(stdin);
  stdin.emit = (event: string | symbol, ...values: unknown[]) => {
    const key = event === "keypress" ? (values[1] as { ctrl?: boolean; name?: string } | undefined) : undefined;
    if (key?.ctrl !== true) return emit(event, ...values);
    if (key.name === "z") suspendProgram(stdin, prompt);
    else if (key.name === "c" || key.name === "d") void prompt.cancel();
    else return emit(event, ...values);
    return true;
  };
}

/** Erases the prompt, stops the job, and shows the prompt again when the job continues. */
function suspendProgram(stdin: ReadStream, prompt: Running<unknown>): void {
  prompt.clear(prompt.state.size);
  prompt.state.size = 0;
  prompt.cursorShow();
  stdin.setRawMode(false);
  stopJob();
  stdin.setRawMode(true);
  void prompt.render();
}
