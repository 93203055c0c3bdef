/** Runs tasks in a selected folder of a server. If the connection is lost, the session reconnects once. */
import { setTimeout as sleep } from "node:timers/promises";
import type { ServerAccess, ServerAddress } from "../server-access.ts";
import { formatServerAddress } from "../server-address.ts";
import type { ImapConnection, KnownState, SelectedFolder } from "./imap-connection.ts";
import { ImapFailed } from "./imap-failure.ts";
import { openConnection } from "./open-connection.ts";
import type { Listener } from "./server-connection.ts";

/** Interval in milliseconds at which a server without IDLE is asked for changes. */
const noopInterval = 60_000;
/** The time in milliseconds for which an interrupted task waits for the server's response. */
const longestWait = 2000;

interface FolderSessionOptions {
  readonly address: ServerAddress;
  readonly access: ServerAccess;
  readonly readOnly: boolean;
  readonly listener: Listener;
  /** Called after a reconnection, because the folder may have changed in the meantime. */
  readonly onReconnect: (selected: SelectedFolder) => void;
  /** Closes the connection. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs tasks in a selected folder. All tasks identify messages by UID, so that a task can be repeated on a new
 * connection.
 */
export class FolderSession {
  readonly #options: FolderSessionOptions;
  #connection: ImapConnection | undefined;
  #uidValidity: number | undefined;
  #hasResync = false;
  #stopTask: (() => void) | undefined;
  /** The request to be notified of changes. The request is active while no task is running. */
  #watch: { readonly stop: AbortController; readonly ended: Promise<void> } | undefined;

  constructor(options: FolderSessionOptions) {
    this.#options = options;
  }

  /** The folder's address as text. */
  get name(): string {
    return formatServerAddress(this.#options.address);
  }

  get folder(): string {
    return this.#options.address.folder;
  }

  /**
   * Whether the server reports removed messages by UID, and can report the changes since an earlier session (RFC 7162).
   */
  get hasResync(): boolean {
    return this.#hasResync;
  }

  /**
   * Connects and selects the folder.
   *
   * @param known the folder's state at the end of an earlier session. If the server can report the changes made after
   *   that session, the listener receives them.
   * @param stop abandons the attempt
   * @throws ImapFailed, or the reason of `stop`
   */
  async open(known?: KnownState, stop?: AbortSignal): Promise<SelectedFolder> {
    const { address, access, readOnly, listener } = this.#options;
    const signal = AbortSignal.any([this.#options.signal, stop].filter((each) => each !== undefined));
    const connection = await openConnection(address, access, signal);
    signal.addEventListener("abort", () => connection.destroy());
    try {
      connection.listen(listener);
      this.#hasResync = await connection.enable("CONDSTORE", "QRESYNC");
      const selected = await connection
        .select(address.folder, { readOnly, known: this.#hasResync ? known : undefined })
        .catch((error: unknown) => {
          throw error instanceof ImapFailed && error.reason === "refused"
            ? new ImapFailed("no such folder", error.message, error)
            : error;
        });
      if (this.#uidValidity !== undefined && this.#uidValidity !== selected.uidValidity)
        throw new ImapFailed(
          "UIDVALIDITY changed",
          `${this.name}: the server has renumbered the messages; nothing was changed; open the mailbox again to continue`,
        );
      this.#uidValidity = selected.uidValidity;
      this.#connection = connection;
      return selected;
    } catch (error) {
      connection.destroy();
      throw error;
    }
  }

  /**
   * Runs a task. If the connection is lost, the task is repeated once with a new connection.
   *
   * @throws ImapFailed, or the task's error
   */
  async run<T>(task: (connection: ImapConnection) => Promise<T>): Promise<T> {
    const { connection, isFresh } = await this.#connect();
    try {
      return await this.#runStoppably(connection, task);
    } catch (error) {
      if (isFresh || !(error instanceof ImapFailed) || error.reason === "interrupted") throw error;
      if (!error.isConnectionLost && connection.isOpen) throw error;
      return await this.#runStoppably((await this.#connect()).connection, task);
    }
  }

  /** Runs a task that must not be repeated. @throws ImapFailed, or the task's error */
  async runOnce<T>(task: (connection: ImapConnection) => Promise<T>): Promise<T> {
    return this.#runStoppably((await this.#connect()).connection, task);
  }

  /**
   * Ends the current task or the current attempt to connect, which then fails with `ImapFailed`. The server is first
   * given some time to respond to a task.
   */
  stopTask(): void {
    this.#stopTask?.();
  }

  async #runStoppably<T>(connection: ImapConnection, task: (connection: ImapConnection) => Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    let isStopped = false;
    this.#stopTask = () => {
      timer ??= setTimeout(() => {
        isStopped = true;
        connection.destroy();
      }, longestWait);
    };
    try {
      return await task(connection);
    } catch (error) {
      throw isStopped && error instanceof ImapFailed ? this.#makeInterrupted(error) : error;
    } finally {
      clearTimeout(timer);
      this.#stopTask = undefined;
    }
  }

  #makeInterrupted(cause?: unknown): ImapFailed {
    return new ImapFailed("interrupted", `${this.name}: interrupted; the server did not respond`, cause);
  }

  /**
   * Asks the server to report changes until the next task begins: with IDLE (RFC 2177), or else with NOOP, which is
   * sent at once and then every minute. The listener receives the changes. If the request fails, the next task reports
   * the failure.
   */
  watch(): void {
    const connection = this.#connection;
    if (this.#watch !== undefined || connection?.isOpen !== true) return;
    const stop = new AbortController();
    const wait = connection.can("IDLE") ? connection.idle(stop.signal) : askRepeatedly(connection, stop.signal);
    this.#watch = { stop, ended: wait.catch(() => {}) };
  }

  async #endWatch(): Promise<void> {
    const watch = this.#watch;
    this.#watch = undefined;
    watch?.stop.abort();
    await watch?.ended;
  }

  /** Logs out and closes the connection. */
  async close(): Promise<void> {
    await this.#endWatch();
    await this.#connection?.logout();
    this.#connection = undefined;
  }

  async #connect(): Promise<{ connection: ImapConnection; isFresh: boolean }> {
    await this.#endWatch();
    const isFresh = this.#connection?.isOpen !== true;
    if (isFresh) this.#options.onReconnect(await this.#reconnect());
    return { connection: this.#connection as ImapConnection, isFresh };
  }

  async #reconnect(): Promise<SelectedFolder> {
    const stop = new AbortController();
    this.#stopTask = () => stop.abort(this.#makeInterrupted());
    try {
      return await this.open(undefined, stop.signal);
    } catch (error) {
      stop.signal.throwIfAborted();
      throw error;
    } finally {
      this.#stopTask = undefined;
    }
  }
}

/** Sends NOOP at intervals until the signal is aborted. @throws ImapFailed, or the signal's AbortError */
async function askRepeatedly(connection: ImapConnection, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await connection.noop();
    await sleep(noopInterval, undefined, { signal, ref: false });
  }
}
