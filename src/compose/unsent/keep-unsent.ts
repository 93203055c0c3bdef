/**
 * Saves an unsent message in dead.letter exactly once, even if several callers request it, for example a signal
 * during the report of a refusal. The autosaved draft is removed only when the text is on the disk.
 *
 * A dry run does not change the disk and therefore saves nothing.
 */

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

  /** Saves the text in dead.letter. Returns the path if it was saved. */
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

  /** Saves the text and reports its path, which bsd-mailx does not do. Returns the path if the text was saved. */
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
