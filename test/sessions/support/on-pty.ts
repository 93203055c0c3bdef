/**
 * Plays a transcript with the built program on a pseudo-terminal, to test echo, signals, child programs and the visible
 * screen.
 */
import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "@jest/globals";
import { openPty, type Pty } from "../../../scripts/pty.mjs";
import { type Sandbox, type Setup, sandbox } from "./sandbox.ts";
import { asWritten, shellWords, transcriptLines } from "./transcript.ts";

const ours = [process.execPath, resolve(import.meta.dirname, "../../../bin/mail.js")];

/** The prompts of the program. A line typed without a prompt, as in a message, ends with ⏎ in the transcript. */
const prompts = /^(?:& |\? |Subject: |To: |Cc: |Bcc: )/;
const enter = " ⏎";

interface Typed {
  /** The line as shown on the screen. */
  readonly line: string;
  readonly prompt: string;
  readonly keys: string;
}

function typedLine(line: string): Typed | undefined {
  if (line.endsWith(enter) || line === enter.trim()) {
    const keys = line.slice(0, -enter.length);
    return { line: keys, prompt: "", keys };
  }
  const prompt = line === "&" ? "& " : prompts.exec(line)?.[0];
  if (prompt === undefined) return undefined;
  // In a transcript, the program's output follows a control key on the same line. This terminal does not echo the key,
  // so the key is removed from the expected line.
  const [, before = "", control, after = ""] = /^(.*?)(\^[CD])(.*)$/.exec(line.slice(prompt.length)) ?? [];
  if (control === undefined) return { line, prompt, keys: line.slice(prompt.length) };
  return { line: prompt + before + after, prompt, keys: before + control };
}

async function type(pty: Pty, keys: string): Promise<void> {
  const [, before = "", control] = /^(.*)\^([CD])$/.exec(keys) ?? [];
  if (control === undefined) return pty.send(`${keys}\n`);
  // An interrupt makes the terminal discard text that it has not echoed yet.
  pty.send(before);
  if (before !== "") await pty.expect(before);
  pty.send(control === "C" ? "\x03" : "\x04");
}

/**
 * await onPty({ spool: [mail()] })`$ mail ...`
 *
 * Plays a transcript. A first line `$ mail` starts this program; other lines that begin with `$ ` are run by the shell.
 *
 * @returns the sandbox, which the caller must remove
 */
export function onPty(setup: Setup = {}, program: readonly string[] = ours) {
  return async (strings: TemplateStringsArray, ...values: unknown[]): Promise<Sandbox> => {
    const wanted = transcriptLines(strings, values);
    const place = sandbox(setup);
    try {
      const screen = await screenOf(wanted, place, program);
      expect(asWritten(screen, place.home, plain(wanted))).toEqual(plain(wanted));
    } catch (error) {
      place.remove();
      throw error;
    }
    return place;
  };
}

function plain(wanted: readonly string[]): string[] {
  const shown = wanted.filter((line) => !/^\^[CD] ⏎$/.test(line));
  return shown.map((line) => (typedLine(line)?.line ?? line).trimEnd());
}

/**
 * Waits until the line above has been shown, so that keys can be typed without a prompt. If an interrupt would discard
 * the line above, also waits until the program has read that line.
 */
async function settled(pty: Pty, above: string, keys: string): Promise<void> {
  if (above !== "..." && above !== "" && typedLine(above) === undefined && !above.startsWith("$ "))
    await pty.expect(above);
  // The program does not signal that it is waiting for a line. The program is assumed to be waiting if it is asleep and
  // the screen no longer changes.
  for (let [shown, asleep] = [-1, false]; !asleep || shown !== pty.transcript().length; ) {
    shown = pty.transcript().length;
    await sleep(keys === "^C" ? 150 : 50);
    asleep = pty.isAsleep();
    // Output that the program wrote before it slept may not have arrived yet.
    await sleep(1);
  }
}

/** Returns the terminal's screen after the lines of a transcript have been typed into a program. */
export async function screenOf(wanted: readonly string[], place: Sandbox, program: readonly string[]): Promise<string> {
  let screen = "";
  let pty: Pty | undefined;
  const leave = async () => {
    if (pty === undefined) return;
    const exit = await pty.exited;
    screen += pty.transcript().replace(/[\x03\x04]/g, "");
    await pty.close();
    pty = undefined;
    if (exit !== 0) screen += `[exit ${exit}]\n`;
  };
  for (const [index, line] of wanted.entries()) {
    if (line.startsWith("$ ")) {
      await leave();
      screen += `${line}\n`;
      const command = line.slice(2);
      if (!/^mail(?: |$)/.test(command)) {
        screen += execFileSync("/bin/sh", ["-c", command], {
          env: place.environment,
          cwd: place.home,
          encoding: "latin1",
        });
        continue;
      }
      const argv = [...program, ...shellWords(command).slice(1)];
      pty = await openPty({ argv, env: place.environment, cwd: place.home });
      continue;
    }
    const typed = typedLine(line);
    if (typed === undefined || pty === undefined) continue;
    if (typed.prompt !== "") await pty.expect(new RegExp(`(?:^|\n)${typed.prompt.replace(/[?]/g, "\\$&")}$`));
    else await settled(pty, wanted[index - 1] ?? "", typed.keys);
    await type(pty, typed.keys);
  }
  await leave();
  return screen;
}
