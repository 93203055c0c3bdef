/**
 * Reads a line that is not shown while it is being typed. The process's terminal is used even if standard input is a
 * pipe.
 */
import { closeSync, openSync, writeSync } from "node:fs";
import { makeVisible } from "../message/safe-text.ts";
import { isSystemError } from "../system-error.ts";
import { readStreamOf } from "./terminal-device.ts";

/** Asks for a secret. Returns undefined if there is no terminal, or after Ctrl-C or a Ctrl-D on an empty line. */
export async function askSecret(prompt: string): Promise<string | undefined> {
  let descriptor: number;
  try {
    descriptor = openSync("/dev/tty", "r+");
  } catch (error) {
    if (isSystemError(error)) return undefined;
    throw error;
  }
  const screen = openSync("/dev/tty", "w");
  const stream = readStreamOf(descriptor);
  stream.setRawMode(true);
  writeSync(screen, makeVisible(prompt));
  try {
    return await new Promise((resolve) => {
      let typed = "";
      stream.setEncoding("utf8");
      stream.on("data", (piece) => {
        for (const key of String(piece)) {
          if (key === "\r" || key === "\n") return resolve(typed);
          if (key === "\u0003" || (key === "\u0004" && typed === "")) return resolve(undefined);
          if (key === "\u007f" || key === "\b") typed = [...typed].slice(0, -1).join("");
          else if (key === "\u0015") typed = "";
          else if (key >= " ") typed += key;
        }
      });
      stream.on("end", () => resolve(undefined));
      stream.on("error", () => resolve(undefined));
    });
  } finally {
    stream.setRawMode(false);
    stream.destroy();
    writeSync(screen, "\r\n");
    closeSync(screen);
  }
}
