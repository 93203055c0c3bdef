/**
 * Runs `mail` under two accounts that exist on every Debian system. The accounts send mail to each other through a
 * private Postfix. Each account has its own home directory.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { openPty, type Pty } from "../../scripts/pty.mjs";
import { type PrivatePostfix, startPostfix } from "./private-postfix.ts";

export interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  readonly env: Record<string, string>;
}

export const patience = 50_000;
export const queuedAs = /250 2\.0\.0 Ok: queued as (\w+)/;
const root = process.cwd();

/** Returns a file's contents; an empty string if it is missing. */
export const content = (path: string) => (existsSync(path) ? readFileSync(path, "utf8") : "");

export class Office {
  readonly postfix: PrivatePostfix;
  readonly sender: User;
  readonly admin: User;
  readonly #directory: string;
  /** A command line that runs `mail` for either user. */
  readonly #command: readonly string[];

  private constructor(directory: string, postfix: PrivatePostfix) {
    this.#directory = directory;
    this.postfix = postfix;
    this.sender = this.#makeUser("games");
    this.admin = this.#makeUser("root");
    this.#command = this.#runnable();
  }

  /** Starts Postfix and creates both users. @param more further settings for Postfix */
  static async open(more: Parameters<typeof startPostfix>[1] = {}): Promise<Office> {
    const directory = mkdtempSync(join(tmpdir(), "mail-postfix-"));
    chmodSync(directory, 0o755);
    return new Office(directory, await startPostfix(directory, more));
  }

  close(): void {
    this.postfix.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #makeUser(name: string): User {
    const [, , uid = "", gid = ""] = execFileSync("getent", ["passwd", name], { encoding: "utf8" }).split(":");
    const home = join(this.#directory, "home", name);
    mkdirSync(home, { recursive: true });
    const settings = [
      `set mta=smtp://127.0.0.1:${this.postfix.port}`,
      `set from=${name}@${this.postfix.domain}`,
      `set maillog=${join(this.#directory, "mail.log")}`,
      "set ask askcc",
      "",
    ];
    writeFileSync(join(home, ".mailrc"), settings.join("\n"), { mode: 0o600 });
    const ids = { uid: Number(uid), gid: Number(gid) };
    for (const path of [home, join(home, ".mailrc")]) chownSync(path, ids.uid, ids.gid);
    const inbox = join(this.postfix.spool, name);
    const env = { HOME: home, USER: name, LOGNAME: name, MAIL: inbox, PATH: "/usr/bin:/bin", TERM: "xterm" };
    return { name, home, env, ...ids };
  }

  #as(user: User, argv: readonly string[]): string[] {
    return ["setpriv", `--reuid=${user.uid}`, `--regid=${user.gid}`, "--clear-groups", ...argv];
  }

  /** Returns a command line for `sendmail` that every user can run. */
  get sendmailCommand(): readonly string[] {
    const [node = "", program = ""] = this.#command;
    return [node, join(dirname(program), "sendmail.js")];
  }

  /**
   * Returns a command line that runs the checkout's program, or a copy if the other user cannot read the checkout or
   * Node.
   */
  #runnable(): readonly string[] {
    const here = [process.execPath, join(root, "bin/mail.js")];
    const [file = "", ...argv] = this.#as(this.sender, [...here, "-V"]);
    if (spawnSync(file, argv, { cwd: "/", env: this.sender.env }).status === 0) return here;
    const copy = join(this.#directory, "program");
    for (const name of ["bin", "dist", "package.json", "node_modules/koffi", "node_modules/@koromix"]) {
      if (existsSync(join(root, name)))
        cpSync(join(root, name), join(copy, name), { recursive: true, dereference: true });
    }
    cpSync(process.execPath, join(copy, "node"), { dereference: true });
    execFileSync("chmod", ["-R", "a+rX", copy]);
    return [join(copy, "node"), join(copy, "bin/mail.js")];
  }

  /** Runs `mail` with a pipe as its input. */
  pipe(user: User, argv: readonly string[], input: string | Buffer): { status: number | null; said: string } {
    const [file = "", ...rest] = this.#as(user, [...this.#command, ...argv]);
    const { status, stdout, stderr } = spawnSync(file, rest, {
      cwd: user.home,
      env: user.env,
      input,
      encoding: "utf8",
    });
    return { status, said: `${stdout}${stderr}` };
  }

  /** Starts `mail` and leaves its input open. @param preload a script that node loads first */
  start(
    user: User,
    argv: readonly string[],
    { preload, env = {} }: { preload?: string; env?: Record<string, string> } = {},
  ): ChildProcess {
    const [node = "", ...program] = this.#command;
    const [file = "", ...rest] = this.#as(user, [
      node,
      ...(preload === undefined ? [] : ["-r", this.#readable(preload)]),
      ...program,
      ...argv,
    ]);
    return spawn(file, rest, { cwd: user.home, env: { ...user.env, ...env }, stdio: ["pipe", "pipe", "pipe"] });
  }

  /** Changes the owner of a file or directory to the user. */
  giveTo({ uid, gid }: User, path: string): void {
    chownSync(path, uid, gid);
  }

  /** Copies a script to a file that every user can read. @returns the path of the copy */
  #readable(path: string): string {
    const copy = join(this.#directory, basename(path));
    if (!existsSync(copy)) {
      cpSync(path, copy);
      chmodSync(copy, 0o644);
    }
    return copy;
  }

  /** Runs `mail` on a terminal. @returns its exit code and the terminal's output */
  async onTerminal(
    user: User,
    argv: readonly string[],
    play: (pty: Pty) => Promise<void>,
    env: Record<string, string> = {},
  ): Promise<{ exit: number; shown: string }> {
    const pty = await openPty({
      argv: this.#as(user, [...this.#command, ...argv]),
      env: { ...user.env, ...env },
      cwd: user.home,
      rows: 24,
      columns: 80,
    });
    try {
      await play(pty);
      return { exit: await pty.exited, shown: pty.transcript() };
    } catch (error) {
      throw new Error(`${String(error)}\n${pty.transcript()}`);
    } finally {
      await pty.close();
    }
  }

  /** Waits until Postfix has removed a message from its queue. */
  async delivered(id: string): Promise<void> {
    const until = Date.now() + patience;
    while (!this.postfix.readLog().includes(`${id}: removed`)) {
      if (Date.now() > until) throw new Error(`${id} was not delivered:\n${this.postfix.readLog()}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** Types a line and waits until it is echoed. */
export async function type(pty: Pty, line: string): Promise<void> {
  pty.send(`${line}\r`);
  await pty.expect(`${line}\r\n`, patience);
  await new Promise((resolve) => setTimeout(resolve, 50));
}
