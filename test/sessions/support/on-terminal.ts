/**
 * Plays a transcript in this process within milliseconds. Files and programs are real; only the terminal is simulated.
 */
import { execFileSync } from "node:child_process";
import { expect } from "@jest/globals";
import { main } from "../../../src/mail.ts";
import { RecordedTerminal } from "./recorded-terminal.ts";
import { type Sandbox, type Setup, sandbox } from "./sandbox.ts";
import { asWritten, Script, shellWords, transcriptLines } from "./transcript.ts";

type Play = (strings: TemplateStringsArray, ...values: unknown[]) => Promise<Sandbox>;

const open: Sandbox[] = [];

/** Removes all sandboxes. Test files call this function after each test, or once after all tests. */
export function removeSandboxes(): void {
  for (const each of open.splice(0)) each.remove();
}

/**
 * Plays a session as it is typed: await onTerminal({ spool: [mail()] })`$ mail ...`
 *
 * `$ mail ...` runs this program on a terminal, and `$ printf 'd 1\nq\n' | mail ...` runs this program in a pipe. The
 * shell runs any other line that begins with `$ `.
 *
 * @returns the sandbox with the session's files
 */
export function onTerminal(setup: Setup = {}): Play {
  return async (strings, ...values) => {
    const wanted = transcriptLines(strings, values);
    const place = sandbox(setup);
    open.push(place);
    const screen = await inside(place, () => play(wanted, place));
    expect(asWritten(screen, place.home, wanted)).toEqual(wanted);
    return place;
  };
}

export async function inside<T>({ home, environment }: Sandbox, task: () => Promise<T>): Promise<T> {
  const before = { environment: { ...process.env }, directory: process.cwd() };
  const become = (variables: NodeJS.ProcessEnv) => {
    for (const name of Object.keys(process.env)) if (variables[name] === undefined) delete process.env[name];
    Object.assign(process.env, variables);
  };
  become(environment);
  process.chdir(home);
  try {
    return await task();
  } finally {
    become(before.environment);
    process.chdir(before.directory);
  }
}

async function play(wanted: readonly string[], place: Sandbox): Promise<string> {
  const script = new Script(wanted, place.home);
  let screen = "";
  for (;;) {
    screen += "$ ";
    const typed = script.typedAt(screen);
    if (typed === undefined) return screen.slice(0, -2);
    screen += `${typed}\n`;
    script.echoed(screen);
    const before = screen;
    const typist = {
      next: (shown: string) => script.typedAt(before + shown),
      echoed: (shown: string) => script.echoed(before + shown),
    };
    screen += await runLine(typed, typist, place);
  }
}

async function runLine(
  line: string,
  typist: { next(screen: string): string | undefined; echoed(screen: string): void },
  { environment }: Sandbox,
): Promise<string> {
  const piped = /^printf '([^']*)' \| (mail(?: .*)?)$/s.exec(line);
  const command = piped?.[2] ?? line;
  if (!/^mail(?: |$)/.test(command))
    return execFileSync("/bin/sh", ["-c", line], { env: environment, encoding: "latin1" });
  const input = piped?.[1]?.replace(/\\([nt\\])/g, (_all, letter: string) => ({ n: "\n", t: "\t" })[letter] ?? letter);
  let terminal: RecordedTerminal | undefined;
  const exit = await main(shellWords(command).slice(1), async ({ interactive }) => {
    terminal = new RecordedTerminal(input ?? typist, interactive);
    return terminal;
  });
  const shown = terminal?.screen ?? "";
  if (exit === 0) return shown;
  return `${shown}${shown === "" || shown.endsWith("\n") ? "" : "\n"}[exit ${exit}]\n`;
}
