/**
 * Saves an unsent message in dead.letter, even if a signal ends `mail`. The message is saved only once, even if several
 * callers request it. For example, a signal may arrive while a refusal is being reported. The autosaved draft is
 * removed only after the text has reached the disk.
 *
 * A dry run saves nothing, because it must not write to the disk.
 */

import { readFileSync } from "node:fs";
import { constants } from "node:os";
import type { Config } from "../../config/config.ts";
import { followsBsdMailx } from "../../config/settings.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import type { Draft } from "../draft/draft.ts";
import type { Autosave } from "./autosave.ts";

/** Saves an unsent message in dead.letter once, for the first caller that requests it. */
export class Keeping {
  readonly #context: { readonly config: Config; readonly terminal: Terminal };
  readonly #draft: Draft;
  readonly #autosave: Autosave | undefined;
  #kept: Promise<string | undefined> | undefined;
  #said: Promise<string | undefined> | undefined;

  /**
   * @param autosave the copy of a typed draft, in case the process is killed
   */
  constructor(
    context: { readonly config: Config; readonly terminal: Terminal },
    draft: Draft,
    autosave: Autosave | undefined,
  ) {
    this.#context = context;
    this.#draft = draft;
    this.#autosave = autosave;
  }

  get #dry(): boolean {
    return this.#context.config.settings.get("dryrun");
  }

  /** Called after each line. */
  readonly typed = (): void => this.#autosave?.updateSoon(this.#draft);

  /** Saves the complete draft, unless the message has already been saved or sent. */
  save(): void {
    if (this.#kept === undefined) this.#autosave?.update(this.#draft);
  }

  /** Saves the text in dead.letter. Returns the path if the text was saved. */
  keep(): Promise<string | undefined> {
    this.#kept ??= this.#toDeadLetter();
    return this.#kept;
  }

  async #toDeadLetter(): Promise<string | undefined> {
    if (this.#dry) return undefined;
    const { config, terminal } = this.#context;
    const text = (await this.#draft.whole?.()) ?? this.#draft.body;
    const { saveDeadLetter } = await import("./dead-letter.ts");
    const path = await saveDeadLetter(config, terminal, text);
    if (path !== undefined) this.#autosave?.drop();
    return path;
  }

  /**
   * Saves the text, and reports the path of the file, which bsd-mailx does not do. Returns the path if the text was
   * saved.
   */
  keepAndSay(): Promise<string | undefined> {
    this.#said ??= this.#say();
    return this.#said;
  }

  async #say(): Promise<string | undefined> {
    const path = await this.keep();
    const { config, terminal } = this.#context;
    if (path !== undefined && !followsBsdMailx(config)) terminal.err(`mail: the message is in ${path}\n`);
    return path;
  }

  /** Removes the draft of a message that was sent or dropped. */
  settle(): void {
    if (this.#kept !== undefined) return;
    this.#kept = Promise.resolve(undefined);
    this.#autosave?.drop();
  }

  /** Called at the end, while the text still exists. */
  end(): void {
    this.#autosave?.end(this.#draft);
  }
}

const ends = ["SIGHUP", "SIGTERM", "SIGQUIT"] as const;

/**
 * Returns the signals that this process does not ignore (proc(5), SigIgn). A handler would let an ignored signal, such
 * as SIGHUP under nohup, end the process.
 */
function withoutIgnored(signals: readonly NodeJS.Signals[]): NodeJS.Signals[] {
  try {
    const mask = /^SigIgn:\s*([\da-f]+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0";
    return signals.filter((signal) => ((BigInt(`0x${mask}`) >> BigInt(constants.signals[signal] - 1)) & 1n) === 0n);
  } catch {
    return [...signals];
  }
}

/**
 * Installs signal handlers that save the text and then end the process.
 *
 * @param interactive whether the line reader handles SIGINT; if it does not, SIGINT also ends the process
 * @returns a function that removes the handlers; after a signal, its promise stays pending until the process ends
 */
export function keepAtSignals(
  keep: () => Promise<unknown>,
  { interactive }: { readonly interactive: boolean },
): () => Promise<void> {
  const signals: readonly NodeJS.Signals[] = interactive ? ends : [...ends, "SIGINT"];
  let ending: Promise<void> | undefined;
  const handler = (signal: NodeJS.Signals) => {
    const end = () => {
      release();
      // Without a handler, the signal has its default effect, and the parent process sees which signal ended `mail`.
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    };
    ending ??= keep().then(end, end);
  };
  const release = () => {
    for (const signal of signals) process.off(signal, handler);
  };
  for (const signal of withoutIgnored(signals)) process.on(signal, handler);
  return async () => {
    await ending;
    release();
  };
}
