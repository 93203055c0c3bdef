/**
 * What becomes of a text that does not go out: it is in dead.letter, once, whoever asks for that, as a signal may do while
 * a refusal is being answered. Only when it is there, on the disk, the draft goes: one place holds it.
 *
 * A dry run changes nothing on the disk, and so keeps nothing.
 */

import { type Config, followsBsdMailx } from "../../config/config.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import type { Draft } from "../draft/draft.ts";
import { Autosave, type Unfinished } from "./autosave.ts";

/** Keeps a message that is not sent: once, in dead.letter, for whichever caller asks first. */
export class Keeping {
  readonly #context: { readonly config: Config; readonly terminal: Terminal };
  readonly #draft: Draft;
  readonly #autosave: Autosave | undefined;
  #kept: Promise<string | undefined> | undefined;
  #said: Promise<void> | undefined;

  /**
   * @param how.typed there is a draft of it, for what no handler sees coming
   * @param how.continued the one it began as; where there can be no other, that stays until the text is somewhere
   */
  constructor(
    context: { readonly config: Config; readonly terminal: Terminal },
    draft: Draft,
    { typed, continued }: { typed: boolean; continued?: Unfinished | undefined },
  ) {
    this.#context = context;
    this.#draft = draft;
    this.#autosave = typed && !this.#dry ? Autosave.start(context.config, continued) : undefined;
  }

  get #dry(): boolean {
    return this.#context.config.settings.get("dryrun");
  }

  /** To be called after each line. */
  readonly typed = (): void => this.#autosave?.updateSoon(this.#draft);

  /** Makes the draft complete, as long as nothing has become of it. */
  save(): void {
    if (this.#kept === undefined) this.#autosave?.update(this.#draft);
  }

  /** @returns the path, when the text is there */
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

  /** The same, and where it is, of which bsd-mailx says nothing. */
  keepAndSay(): Promise<void> {
    this.#said ??= this.#say();
    return this.#said;
  }

  async #say(): Promise<void> {
    const path = await this.keep();
    const { config, terminal } = this.#context;
    if (path !== undefined && !followsBsdMailx(config)) terminal.err(`mail: the message is in ${path}\n`);
  }

  /** What nobody wanted kept is sent, or given up. */
  settle(): void {
    if (this.#kept !== undefined) return;
    this.#kept = Promise.resolve(undefined);
    this.#autosave?.drop();
  }

  /** To be called at last, with the text still there. */
  end(): void {
    this.#autosave?.end(this.#draft);
  }
}
