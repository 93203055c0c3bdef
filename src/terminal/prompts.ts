/** Questions with more than a line, by enquirer; loaded when the first one is asked. */
import type { ReadStream } from "node:tty";
import { cutToFit, displayWidth } from "./display-width.ts";
import type { Size } from "./line-view.ts";
import type { Choice } from "./terminal.ts";
import { openTerminalDevice } from "./terminal-device.ts";

/** What a prompt draws on. */
export interface Canvas {
  size(): Size;
  /** Cursor movements and colours go through, all else is made visible. */
  drawForeign(text: string): void;
  /** As it will be shown. */
  visible(text: string): string;
}

/** The part of enquirer's options that is used here; its own types ask for Node's streams. */
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
}

interface Prompts {
  readonly Select: new (options: Options & Listed) => Running<string>;
  readonly MultiSelect: new (options: Options & Listed & typeof marks) => Running<readonly string[]>;
  readonly Confirm: new (options: Options) => Running<boolean>;
}

/** Returns the chosen name; undefined: none, by Ctrl-C or Escape */
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

/** Returns the chosen names, in the order of the choices; undefined where it was given up */
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

/** enquirer's own tell by colour alone where one is, and what is marked. */
const marks = {
  pointer(this: { index: number }, _choice: unknown, index: number): string {
    return this.index === index ? "▸ " : "  ";
  },
  indicator: (_state: unknown, choice: { enabled?: boolean }) => (choice.enabled === true ? "[x]" : "[ ]"),
};

interface Row {
  /** Told apart from every other. */
  readonly name: string;
  readonly message: string;
  readonly hint: string;
}

/** enquirer finds the place of its lines by counting them: each must be one row, and hold nothing that moves. */
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

/** Returns false also for none, by Ctrl-C or Escape */
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
    // As enquirer exports it, whatever its types say: a class for each kind of prompt.
    const prompt = make(enquirer as unknown as Prompts, { message, stdin, stdout });
    cancelOnControlKeys(stdin, prompt);
    return await prompt.run();
  } catch (error) {
    // Ctrl-C and Escape reject with no error at all.
    if (error instanceof Error) throw error;
    return undefined;
  } finally {
    stdin.destroy();
  }
}

/**
 * Makes Ctrl-C and Ctrl-D cancel a prompt before enquirer's readline interface sees them: that closes itself then, and
 * enquirer uses it once more, which is an error from Node 24 on (ERR_USE_AFTER_CLOSE).
 */
function cancelOnControlKeys(stdin: ReadStream, prompt: Running<unknown>): void {
  const emit = stdin.emit.bind(stdin);
  stdin.emit = (event: string | symbol, ...values: unknown[]) => {
    const key = event === "keypress" ? (values[1] as { ctrl?: boolean; name?: string } | undefined) : undefined;
    if (key?.ctrl !== true || (key.name !== "c" && key.name !== "d")) return emit(event, ...values);
    void prompt.cancel();
    return true;
  };
}
