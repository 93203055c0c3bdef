/** `!` in a shell command stands for the one before it, and `\!` for itself, in a session and in its messages alike. */
import type { Config } from "../../config/config.ts";
import type { Terminal } from "../../terminal/terminal.ts";

const lastCommands = new WeakMap<Config, string>();

/** @returns the command to run, which is shown where it is not what was typed */
export function withLastCommand(config: Config, terminal: Terminal, typed: string): string {
  const last = lastCommands.get(config) ?? "";
  const command = typed.replace(/\\!|!/g, (sign) => (sign === "!" ? last : "!"));
  if (command !== typed) terminal.out(`!${command}\n`);
  lastCommands.set(config, command);
  return command;
}
