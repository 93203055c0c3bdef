/**
 * Records the attempts to send a draft, so that it is sent at most once even if `mail` is killed.
 *
 * Each draft has a file in the state directory, with one JSON object per line. An attempt appends one line before it
 * sends the first byte, and another line with its outcome. If the second line is missing, the outcome is unknown. The
 * process locks the file during the attempt.
 */
import { closeSync, constants, fstatSync, fsyncSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../config/config.ts";
import { stateDirectory } from "../config/paths.ts";
import { Exit, MailError } from "../errors.ts";
import { listNames } from "../file-stats.ts";
import { syncDirectory, writeAll } from "../mailbox/file-ranges.ts";
import { lockFile } from "../mailbox/lock/lock-file.ts";
import { MailboxBusy } from "../mailbox/mailbox-errors.ts";
import { makePrivateDirectory, openPrivateFile, readJsonLines } from "../private-file.ts";
import { isSystemError, toMailError } from "../system-error.ts";

/** The time in milliseconds for which the record of a draft is kept if the outcome is known. */
const kept = 90 * 24 * 60 * 60 * 1000;

/** The state of a draft after earlier attempts to send it. */
export type DraftState = "not sent" | "partly sent" | "sent" | "unknown";

interface Line {
  readonly state: DraftState;
  readonly accepted: readonly string[];
}

/** The record of the attempts to send a draft, locked by this process. */
export class SendRecord {
  readonly #descriptor: number;
  readonly #directory: string;
  readonly #release: () => Promise<void>;
  #last: Line;

  private constructor(descriptor: number, directory: string, release: () => Promise<void>) {
    this.#descriptor = descriptor;
    this.#directory = directory;
    this.#release = release;
    this.#last = readLastLine(descriptor);
  }

  /**
   * Opens and locks the record of a draft.
   *
   * @param key the key derived from the draft's content
   * @throws MailError with Exit.TempFail if another process is sending the draft
   */
  static async open(config: Config, key: string): Promise<SendRecord> {
    const directory = join(stateDirectory(config), "attempts");
    let descriptor: number | undefined;
    try {
      makePrivateDirectory(directory);
      removeOldRecords(directory);
      const path = join(directory, key);
      descriptor = openPrivateFile(path, constants.O_RDWR | constants.O_CREAT);
      return new SendRecord(descriptor, directory, await lockFile(path, descriptor, 0));
    } catch (error) {
      if (descriptor !== undefined) closeSync(descriptor);
      if (!(error instanceof MailboxBusy)) throw toMailError(error);
      throw new MailError("another process is sending this draft; nothing was sent", Exit.TempFail, {
        cause: error,
        reason: "being sent",
      });
    }
  }

  get state(): DraftState {
    return this.#last.state;
  }

  /** The recipients that earlier attempts have reached. */
  get accepted(): readonly string[] {
    return this.#last.accepted;
  }

  /** Records the beginning of an attempt. The record is on the disk when the call returns. @throws MailError */
  begin(): void {
    this.#append({ state: "unknown", accepted: this.accepted });
    syncDirectory(this.#directory);
  }

  /** Records the outcome of the attempt. @throws MailError */
  end(state: DraftState, accepted: readonly string[]): void {
    this.#append({ state, accepted });
  }

  async close(): Promise<void> {
    await this.#release();
    closeSync(this.#descriptor);
  }

  #append(line: Line): void {
    try {
      // An earlier line may be incomplete, so a newline comes first.
      const text = Buffer.from(`\n${JSON.stringify({ ...line, time: new Date().toISOString() })}\n`);
      writeAll(this.#descriptor, text, fstatSync(this.#descriptor).size);
      fsyncSync(this.#descriptor);
    } catch (error) {
      throw toMailError(error);
    }
    this.#last = line;
  }
}

function readLastLine(descriptor: number): Line {
  const lines = readJsonLines(readFileSync(descriptor, "utf8")) as Partial<Line>[];
  const { state, accepted } = lines.at(-1) ?? { state: "not sent", accepted: [] };
  const isValid = state === "not sent" || state === "partly sent" || state === "sent";
  const names = Array.isArray(accepted) ? accepted.filter((each) => typeof each === "string") : [];
  return { state: isValid ? state : "unknown", accepted: names };
}

/** Removes old records whose outcome is known. */
function removeOldRecords(directory: string): void {
  for (const name of listNames(directory)) {
    const path = join(directory, name);
    try {
      if (Date.now() - statSync(path).mtimeMs < kept) continue;
      const descriptor = openPrivateFile(path, constants.O_RDONLY);
      const { state } = readLastLine(descriptor);
      closeSync(descriptor);
      if (state !== "unknown") rmSync(path, { force: true });
    } catch (error) {
      if (!isSystemError(error) && !(error instanceof MailError)) throw error;
    }
  }
}
