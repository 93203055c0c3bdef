/**
 * Runs real shells on a terminal. Each shell has loaded the completions, and defines `mail` as a function that prints
 * its arguments.
 */
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { openPty } from "../../scripts/pty.mjs";

const built = join(dirname(fileURLToPath(import.meta.url)), "../../dist/completions");

/** A shell's command line, and the input lines that load the completions. */
export interface Shell {
  readonly argv: readonly string[];
  readonly setUp: readonly string[];
}

export const bash: Shell = {
  argv: ["bash", "--norc", "--noprofile", "-i"],
  setUp: [
    "bind 'set bell-style none' 'set enable-bracketed-paste off' 2>/dev/null",
    `source '${built}/mail'`,
    'say() { printf "<%s>" "$@"; echo; }',
    ...["mail", "mailx", "Mail", "maild"].map((name) => `${name}() { say ${name} "$@"; }`),
  ],
};

export const zsh: Shell = {
  argv: ["zsh", "-f", "-i"],
  setUp: [
    `fpath=('${built}' $fpath)`,
    "autoload -Uz compinit; compinit -u -D",
    "unsetopt beep auto_remove_slash",
    'say() { printf "<%s>" "$@"; echo; }',
    ...["mail", "mailx", "Mail", "maild"].map((name) => `${name}() { say ${name} "$@"; }`),
  ],
};

export const fish: Shell = {
  argv: ["fish", "--no-config", "-i"],
  setUp: [
    `source '${built}/mail.fish'`,
    "function say; printf '<%s>' $argv; echo; end",
    ...["mail", "mailx", "Mail", "maild"].map((name) => `function ${name}; say ${name} $argv; end`),
  ],
};

/**
 * Returns a new home directory with two files, a directory, two aliases and an account; the caller must remove the
 * directory.
 */
export function makeHome(): string {
  const home = mkdtempSync(join(tmpdir(), "mail-completion-"));
  writeFileSync(
    join(home, ".mailrc"),
    "alias tools-team ann@example.org\nalias `>planted` x\naccount homework {\nset dot\n}\n",
  );
  writeFileSync(join(home, "archive.mbox"), "");
  mkdirSync(join(home, "d"), { recursive: true });
  writeFileSync(join(home, "d/my report.pdf"), "");
  mkdirSync(join(home, "folder"));
  return home;
}

/**
 * Types lines, including their tabs, into the shell. Returns the program and the arguments that each line contains
 * after completion.
 */
export async function complete(shell: Shell, home: string, lines: readonly string[]): Promise<string[]> {
  const env = { HOME: home, PATH: process.env["PATH"], TERM: "dumb", PS1: "$ ", LC_ALL: "C.UTF-8" };
  const tty = await openPty({ argv: shell.argv, env, cwd: home, rows: 100, columns: 250 });
  const got: string[] = [];
  try {
    // The echo of the typed line must not be mistaken for the command's output.
    for (const line of [...shell.setUp, "printf 'rea%s\\n' dy"]) tty.send(`${line}\r`);
    await tty.expect(/ready\r?\n/);
    for (const line of lines) {
      tty.send(`${line}\r`);
      await tty.expect(/<mail[^>]*>(<[^>\n]*>)*\r?\n/i);
      got.push(/.*(<mail[^>]*>(<[^>\n]*>)*)/is.exec(tty.transcript())?.[1] ?? "");
    }
  } finally {
    await tty.close();
  }
  return got;
}
