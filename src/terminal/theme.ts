/** The one theme: which style looks how, by chalk. Loaded only where colours will be seen. */
import type { Style } from "./terminal.ts";

export type Paint = (text: string, style: Style) => string;

export function wantsColour(environment: NodeJS.ProcessEnv, isTerminal: boolean): boolean {
  const forced = environment["FORCE_COLOR"];
  if (environment["NO_COLOR"] !== undefined && environment["NO_COLOR"] !== "") return false;
  if (!isTerminal || environment["TERM"] === "dumb" || environment["TERM"] === undefined) return false;
  return forced !== "0";
}

export async function loadTheme(): Promise<Paint> {
  const { Chalk } = await import("chalk");
  const chalk = new Chalk({ level: 1 });
  const looks: Record<Style, (text: string) => string> = {
    plain: (text) => text,
    current: chalk.bold,
    new: chalk.cyan,
    deleted: chalk.dim,
    "field-name": chalk.bold,
    "field-value": (text) => text,
    quote: chalk.green,
    error: chalk.red,
    hint: chalk.dim,
    prompt: chalk.bold,
  };
  return (text, style) => looks[style](text);
}
