/**
 * Saves a message in a private file while it is being typed. If the process is killed, even by SIGKILL, at most the
 * unfinished line is lost. The next `mail` on a terminal offers the message (read/send/unfinished.ts).
 *
 * The file contains a line of JSON, followed by the text. The file is written without fsync, because it needs to
 * survive the death of the process, but not a power failure.
 */
import { closeSync, renameSync, rmSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Config } from "../../config/config.ts";
import { stateDirectory } from "../../config/paths.ts";
import { listNames } from "../../file-stats.ts";
import { writeAll } from "../../mailbox/file-ranges.ts";
import type { PartLabel } from "../../message/part-label.ts";
import { createPrivateFile, ifTrusted, makePrivateDirectory, readTrusted } from "../../private-file.ts";
import { readProcessStart } from "../../process-start.ts";
import { isSystemError } from "../../system-error.ts";
import type { Body } from "../draft/body.ts";
import type { Draft } from "../draft/draft.ts";

/** The parts of a draft that are saved besides its text. */
type Kept = Pick<Draft, (typeof kept)[number]> & {
  readonly attachments: readonly ({ readonly path: string } & PartLabel)[];
};
const kept = ["to", "cc", "bcc", "subject", "fields", "replyTo", "inReplyTo", "references", "from", "form"] as const;

export interface Unfinished extends Kept {
  readonly path: string;
  readonly text: Buffer;
  /** The time when the last line was typed. */
  readonly date: Date;
}

/** Keeps a private copy of a message while it is being typed, so that even SIGKILL loses only the current line. */
export class Autosave {
  readonly #path: string;
  /** The file of the draft that this message continues. */
  #continued: string | undefined;
  readonly #owner: string;
  #descriptor: number | undefined;
  #header = "";
  #edition = -1;
  /**
   * The number of bytes of the text that have been saved. In the file, the text begins after the header, at offset
   * #textStart.
   */
  #saved = 0;
  #textStart = 0;
  #due: NodeJS.Immediate | undefined;

  private constructor(path: string, continued: string | undefined) {
    this.#path = path;
    this.#continued = continued;
    this.#owner = `${process.pid} ${readProcessStart(process.pid) ?? ""}`;
  }

  /**
   * Starts saving a message.
   *
   * @param continued a draft that this message continues; its file is removed once the text is stored elsewhere
   * @returns undefined if there is no writable directory; the message is then not saved
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

  /**
   * Saves the draft soon after a line has been typed. Lines that arrive together, as in a paste, are saved together.
   */
  updateSoon(draft: Draft): void {
    this.#due ??= setImmediate(() => this.update(draft));
  }

  /** Saves the draft, unless it is still empty. */
  update(draft: Draft): void {
    this.#forgetDue();
    const { body } = draft;
    if (body.size === 0 && this.#descriptor === undefined) return;
    const attachments = draft.attachments.map(({ path, label }) => ({ ...label, path: resolve(path) }));
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
        // Writing at an explicit offset overwrites any line that was only partially written because the disk was full.
        writeDraftPieces(this.#descriptor, body.pieces(this.#saved), this.#textStart + this.#saved);
      }
      this.#saved = body.size;
      this.#dropContinued();
    } catch (error) {
      // The disk may be full. At the end, `mail` still tries to write dead.letter.
      if (!isSystemError(error)) throw error;
    }
  }

  /** Writes a new file. The old file remains until the new file is complete. */
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

  /** Saves the pending lines when typing ends. */
  end(draft: Draft): void {
    if (this.#due !== undefined) this.update(draft);
  }

  #forgetDue(): void {
    clearImmediate(this.#due);
    this.#due = undefined;
  }

  /** Removes the file, because the text was sent, is in dead.letter, or is not wanted. */
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

/** Removes a draft's file. If the removal fails, the message is offered again, but still counts as sent. */
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

/** Returns the messages of processes that no longer exist, oldest first. */
export function findUnfinished(config: Config): Unfinished[] {
  const directory = autosaveDirectory(config);
  return listNames(directory)
    .sort()
    .flatMap((name) => readAutosaved(join(directory, name)) ?? []);
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
    // Earlier versions saved only the paths of attachments.
    const attachments = fields.attachments.map((each: unknown) => (typeof each === "string" ? { path: each } : each));
    return {
      ...fields,
      attachments: attachments as Kept["attachments"],
      path,
      text: bytes.subarray(end + 1),
      date: statSync(path).mtime,
    };
  } catch {
    // The file is incomplete or was not written by `mail`.
    return undefined;
  }
}

function autosaveDirectory(config: Config): string {
  return join(stateDirectory(config), "drafts");
}
