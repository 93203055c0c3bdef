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

interface Running<T> {
  run(): Promise<T>;
}

interface Prompts {
  readonly Select: new (
    options: Options & {
      readonly choices: readonly { name: string; message: string; hint: string }[];
      readonly limit: number;
    },
  ) => Running<string>;
  readonly Confirm: new (options: Options) => Running<boolean>;
}

/** @returns the chosen name; undefined: none, by Ctrl-C or Escape */
export async function choose(
  canvas: Canvas,
  question: string,
  choices: readonly Choice[],
): Promise<string | undefined> {
  const { rows, columns } = canvas.size();
  // enquirer finds the place of its lines by counting them: each must be one row, and hold nothing that moves.
  const shown = (text: string, room: number) => cutToFit(canvas.visible(text).replace(/\s/g, " "), Math.max(room, 1));
  const names = choices.map(({ name }, index) => {
    const text = shown(name, columns - 10);
    const taken = choices.slice(0, index).some((other) => shown(other.name, columns - 10) === text);
    return taken ? `${text} (${index})` : text;
  });
  const answer = await ask(canvas, question, ({ Select }, options) => {
    const rowsOf = choices.map(({ hint = "" }, index) => {
      const name = names[index] ?? "";
      return { name, message: name, hint: shown(hint, columns - 8 - displayWidth(name)) };
    });
    return new Select({ ...options, choices: rowsOf, limit: Math.max(Math.min(rows - 4, 12), 3) });
  });
  return answer === undefined ? undefined : choices[names.indexOf(answer)]?.name;
}

/** @returns false also for none, by Ctrl-C or Escape */
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
    return await make(enquirer as unknown as Prompts, { message, stdin, stdout }).run();
  } catch (error) {
    // Ctrl-C and Escape reject with no error at all.
    if (error instanceof Error) throw error;
    return undefined;
  } finally {
    stdin.destroy();
  }
}
