/**
 * A message that is typed, kept in a private file as it grows: what ends the process, SIGKILL included, costs at most the
 * line that was not finished. The next `mail` on a terminal offers it (read/send/unfinished.ts).
 *
 * The file has a line of JSON, then the text. It is written without fsync: it has to outlive the process, not the power.
 */
import { closeSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Config } from "../../config/config.ts";
import { stateDirectory } from "../../config/paths.ts";
import { writeAll } from "../../mailbox/file-ranges.ts";
import { createPrivateFile, ifTrusted, makePrivateDirectory, readTrusted } from "../../private-file.ts";
import { readProcessStart } from "../../process-start.ts";
import { isSystemError } from "../../system-error.ts";
import type { Body } from "../draft/body.ts";
import type { Draft } from "../draft/draft.ts";

/** What a draft has besides its text, as it is kept. */
type Kept = Pick<Draft, (typeof kept)[number]> & { readonly attachments: readonly string[] };
const kept = ["to", "cc", "bcc", "subject", "fields", "replyTo", "inReplyTo", "references", "from"] as const;

export interface Unfinished extends Kept {
  readonly path: string;
  readonly text: Buffer;
  /** When the last line was typed. */
  readonly date: Date;
}

/** Keeps a private copy of a message while it is being typed, so that even SIGKILL loses only the current line. */
export class Autosave {
  readonly #path: string;
  /** The file of a draft that is gone on with. */
  #continued: string | undefined;
  readonly #owner: string;
  #descriptor: number | undefined;
  #header = "";
  #edition = -1;
  /** Bytes of the text that are in the file, which begins with as many of the header as #textStart says. */
  #saved = 0;
  #textStart = 0;
  #due: NodeJS.Immediate | undefined;

  private constructor(path: string, continued: string | undefined) {
    this.#path = path;
    this.#continued = continued;
    this.#owner = `${process.pid} ${readProcessStart(process.pid) ?? ""}`;
  }

  /**
   * @param continued a draft that is gone on with: its file goes as soon as the text is in one of ours, or somewhere else
   * @returns undefined where there is no directory to write to: then one types without a net
   */
  static start(config: Config, continued: Unfinished | undefined): Autosave | undefined {
    const directory = autosaveDirectory(config);
    const isReady = ifTrusted(() => {
      makePrivateDirectory(directory);
      return true;
    });
    return isReady === undefined
      ? undefined
      : new Autosave(join(directory, `${Date.now().toString(36)}-${process.pid}`), continued?.path);
  }

  /** After each line; those that were received together, as in a paste, are kept together. */
  updateSoon(draft: Draft): void {
    this.#due ??= setImmediate(() => this.update(draft));
  }

  /** Nothing is kept before there is a text. */
  update(draft: Draft): void {
    this.#forgetDue();
    const { body } = draft;
    if (body.size === 0 && this.#descriptor === undefined) return;
    const attachments = draft.attachments.map(({ path }) => resolve(path));
    const fields = Object.fromEntries(kept.map((name) => [name, draft[name]]));
    const header = `${JSON.stringify({ owner: this.#owner, ...fields, attachments })}\n`;
    try {
      const anew = header !== this.#header || body.edition !== this.#edition || this.#descriptor === undefined;
      if (anew) {
        const descriptor = this.#write(header, body);
        if (this.#descriptor !== undefined) closeSync(this.#descriptor);
        this.#descriptor = descriptor;
        this.#header = header;
        this.#edition = body.edition;
        this.#textStart = Buffer.byteLength(header);
      } else if (this.#descriptor !== undefined) {
        // At its place: what a full disk took of the last line is written over.
        writeDraftPieces(this.#descriptor, body.pieces(this.#saved), this.#textStart + this.#saved);
      }
      this.#saved = body.size;
      this.#dropContinued();
    } catch (error) {
      // A full disk: dead.letter is tried at the end all the same.
      if (!isSystemError(error)) throw error;
    }
  }

  /** The whole anew; what was there before stays until this is complete. */
  #write(header: string, body: Body): number {
    const path = `${this.#path}.new`;
    const descriptor = createPrivateFile(path);
    try {
      const start = Buffer.from(header);
      writeAll(descriptor, start, 0);
      writeDraftPieces(descriptor, body.pieces(), start.length);
      renameSync(path, this.#path);
      return descriptor;
    } catch (error) {
      closeSync(descriptor);
      rmSync(path, { force: true });
      throw error;
    }
  }

  /** No line follows: what is due is kept now. */
  end(draft: Draft): void {
    if (this.#due !== undefined) this.update(draft);
  }

  #forgetDue(): void {
    clearImmediate(this.#due);
    this.#due = undefined;
  }

  /** The text is sent, or in dead.letter, or not wanted. */
  drop(): void {
    this.#forgetDue();
    this.#dropContinued();
    if (this.#descriptor === undefined) return;
    closeSync(this.#descriptor);
    this.#descriptor = undefined;
    removeDraft(this.#path);
  }

  #dropContinued(): void {
    if (this.#continued !== undefined) removeDraft(this.#continued);
    this.#continued = undefined;
  }
}

/** Where it can't be removed any more it is offered once more, which is no reason to call a message unsent. */
function removeDraft(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch (error) {
    if (!isSystemError(error)) throw error;
  }
}

function writeDraftPieces(descriptor: number, pieces: Iterable<Buffer>, start: number): void {
  let position = start;
  for (const piece of pieces) {
    writeAll(descriptor, piece, position);
    position += piece.length;
  }
}

/** Returns the messages whose process is gone, the oldest first. */
export function findUnfinished(config: Config): Unfinished[] {
  const directory = autosaveDirectory(config);
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch (error) {
    if (isSystemError(error)) return [];
    throw error;
  }
  return names.sort().flatMap((name) => readAutosaved(join(directory, name)) ?? []);
}

/** Removes an unfinished message's file. */
export function forgetUnfinished(found: Unfinished): void {
  removeDraft(found.path);
}

function readAutosaved(path: string): Unfinished | undefined {
  try {
    const bytes = readTrusted(path);
    if (bytes === undefined) return undefined;
    const end = bytes.indexOf(10);
    const { owner, ...fields } = JSON.parse(bytes.toString("utf8", 0, end)) as Kept & { owner: string };
    const [pid = "", start = ""] = owner.split(" ");
    if (start !== "" && readProcessStart(Number(pid)) === start) return undefined;
    return { ...fields, path, text: bytes.subarray(end + 1), date: statSync(path).mtime };
  } catch {
    // Half written, or somebody else's: not ours to offer.
    return undefined;
  }
}

function autosaveDirectory(config: Config): string {
  return join(stateDirectory(config), "drafts");
}
