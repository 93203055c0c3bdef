/**
 * The theme, which uses chalk to assign an appearance to each style. The theme is loaded only if colours will be shown.
 *
 * The background may be dark or light, so titles, field names, prompts and links are bold or underlined. The colours
 * chosen from the 256-colour palette have a medium lightness, with a contrast of at least 3.5:1 against black and
 * white. The 16 basic colours are those of the user's terminal.
 */
import type { ChalkInstance, ColorSupportLevel } from "chalk";
import type { Style } from "./terminal.ts";

export type Paint = (text: string, style: Style) => string;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Returns the colour level: 0 for none, 1 for 16 colours, 2 for 256, 3 for any.
 *
 * NO_COLOR (no-color.org) takes precedence over FORCE_COLOR (force-color.org), which also enables colours without a
 * terminal.
 */
export function colourLevel(environment: Environment, isTerminal: boolean): ColorSupportLevel {
  const { NO_COLOR, FORCE_COLOR, TERM, COLORTERM } = environment;
  if (NO_COLOR !== undefined && NO_COLOR !== "") return 0;
  const forced = FORCE_COLOR === undefined || FORCE_COLOR === "" ? undefined : FORCE_COLOR;
  if (forced === "0" || forced === "false") return 0;
  if (forced === "2" || forced === "3") return forced === "2" ? 2 : 3;
  if (forced === undefined && (!isTerminal || !canMoveCursor(TERM))) return 0;
  if (COLORTERM === "truecolor" || COLORTERM === "24bit") return 3;
  return /-256(color)?$|-direct$/.test(TERM ?? "") ? 2 : 1;
}

/** Returns whether a terminal type can move its cursor. */
export function canMoveCursor(term: string | undefined): boolean {
  return term !== undefined && !/^(|dumb|unknown|emacs|cons25)$/.test(term);
}

/** Numbers in xterm's 256-colour palette. */
export const colours = { new: 30, quote: 28, "quote-2": 32, "quote-3": 163, link: 32, error: 160 } as const;

/** Returns the function that colours text. @param level 1 to 3, as returned by colourLevel */
export async function loadTheme(level: ColorSupportLevel): Promise<Paint> {
  const { Chalk } = await import("chalk");
  const chalk = new Chalk({ level });
  const rich = level > 1;
  const named = {
    new: chalk.cyan,
    quote: chalk.green,
    "quote-2": chalk.cyan,
    "quote-3": chalk.magenta,
    link: chalk.reset,
    error: chalk.red,
  };
  const colour = (style: keyof typeof colours): ChalkInstance => (rich ? chalk.ansi256(colours[style]) : named[style]);
  const looks: Record<Style, (text: string) => string> = {
    plain: (text) => text,
    current: chalk.bold,
    new: colour("new"),
    deleted: chalk.dim.strikethrough,
    title: chalk.bold,
    "field-name": chalk.bold,
    "field-value": (text) => text,
    quote: colour("quote"),
    "quote-2": colour("quote-2"),
    "quote-3": colour("quote-3"),
    link: colour("link").underline,
    error: colour("error"),
    hint: chalk.dim,
    prompt: chalk.bold,
  };
  return (text, style) => {
    // The newline is left uncoloured, because the colour sequences would otherwise be repeated after it.
    const end = text.endsWith("\n") ? text.length - 1 : text.length;
    return looks[style](text.slice(0, end)) + text.slice(end);
  };
}
