/**
 * Delivers messages safely: each file is written in `tmp`, synced, and renamed into `new` or `cur`; then these
 * directories are synced. A crash before the rename leaves a file in `tmp` that no program shows. After the rename, the
 * message has been delivered.
 *
 * @see https://cr.yp.to/proto/maildir.html, "What happens when I deliver"
 */
import { closeSync, constants, fsync, futimesSync, openSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { syncDirectory, writePieces } from "../file-ranges.ts";
import { runAsOwner } from "../rights.ts";
import { type Place, provideMaildir } from "./directory.ts";
import { nameWith, uniqueName } from "./file-name.ts";

const synced = promisify(fsync);
/** Number of files that are synced together, so that the file system can combine their writes. */
const batch = 64;

export interface Filing {
  /** The unique part of the file's name, which is the same if the delivery is repeated after a crash. */
  readonly base: string;
  /** Flags for the name. A file without flags may be in `new`. */
  readonly letters: string;
  readonly place: Place;
  /** The delivery date, stored as the file's modification time. */
  readonly date?: Date | undefined;
}

/** Returns the details for filing a message, including a new unique name. @param letters the flags of the message */
export function makeFiling(letters: string, place: Place, date?: Date): Filing {
  return { base: uniqueName(), letters, place, date };
}

interface Staged {
  readonly tmp: string;
  readonly place: string;
}

/** Delivers messages into a Maildir: all of them, or none. */
export class Delivery {
  readonly path: string;
  /** Whether the Maildir was created for this delivery. */
  readonly created: boolean;
  readonly #staged: Staged[] = [];
  #open: number[] = [];

  /** Prepares a delivery. @throws MailError that names the path if there is no Maildir and none can be created */
  constructor(path: string) {
    this.path = path;
    this.created = provideMaildir(path);
  }

  /** Writes a message in `tmp`. @throws a system error; the caller must then withdraw all messages added so far */
  async add(pieces: Iterable<Uint8Array>, { base, letters, place, date }: Filing): Promise<void> {
    const tmp = join(this.path, "tmp", base);
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    const descriptor = runAsOwner(this.path, () => {
      rmSync(tmp, { force: true });
      return openSync(tmp, flags, 0o600);
    });
    const file = place === "new" && letters === "" ? join("new", base) : join("cur", nameWith(base, letters));
    this.#staged.push({ tmp, place: join(this.path, file) });
    this.#open.push(descriptor);
    writePieces(descriptor, pieces, 0);
    if (date !== undefined) futimesSync(descriptor, date, date);
    if (this.#open.length >= batch) await this.#sync();
  }

  /**
   * Syncs the messages and renames them into place.
   *
   * @throws a system error; the caller must then withdraw the messages
   */
  async publish(): Promise<void> {
    await this.#sync();
    if (this.#staged.length === 0) return;
    runAsOwner(this.path, () => {
      for (const { tmp, place } of this.#staged) renameSync(tmp, place);
    });
    syncDirectory(join(this.path, "new"));
    syncDirectory(join(this.path, "cur"));
  }

  /** Removes the files of a failed delivery, in `tmp` or in their final location. */
  withdraw(): void {
    for (const descriptor of this.#open.splice(0)) closeSync(descriptor);
    runAsOwner(this.path, () => {
      for (const { tmp, place } of this.#staged) {
        rmSync(tmp, { force: true });
        rmSync(place, { force: true });
      }
    });
  }

  async #sync(): Promise<void> {
    const open = this.#open.splice(0);
    const results = await Promise.allSettled(open.map((descriptor) => synced(descriptor)));
    for (const descriptor of open) closeSync(descriptor);
    for (const result of results) if (result.status === "rejected") throw result.reason;
  }
}
