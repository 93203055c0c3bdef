/**
 * A pseudo-terminal that needs no native module of its own: koffi performs the steps of openpty(3). The child is
 * started by a shell that leads a new session. This shell opens the terminal, which thereby becomes the session's
 * controlling terminal.
 */
import { execFileSync, spawn } from "node:child_process";
import { closeSync, constants, openSync, readdirSync, readFileSync, write, writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { ReadStream } from "node:tty";
import { promisify } from "node:util";
import { listOpenFiles } from "./open-files.mjs";

/** koffi is loaded only when it is first used, because scripts that import this file may install it. */
async function loadFunctions() {
  const { default: koffi } = await import("koffi");
  const libc = koffi.load("libc.so.6");
  return {
    posixOpenpt: libc.func("int posix_openpt(int)"),
    grantpt: libc.func("int grantpt(int)"),
    unlockpt: libc.func("int unlockpt(int)"),
    ptsname: libc.func("const char *ptsname(int)"),
  };
}

/**
 * O_CLOEXEC, which Node does not define. A child that inherited the master side would never detect that the terminal
 * was closed.
 */
const closeOnExec = 0o2000000;

/** The maximum time in milliseconds for the processes to exit after the terminal has been closed. */
const patience = 10_000;

let functions;

/** Opens a pseudo-terminal. Returns the descriptor of the master side and the name of the child's side. */
async function open(rows, columns) {
  functions ??= await loadFunctions();
  const { posixOpenpt, grantpt, unlockpt, ptsname } = functions;
  const master = posixOpenpt(constants.O_RDWR | constants.O_NOCTTY | closeOnExec);
  if (master < 0 || grantpt(master) !== 0 || unlockpt(master) !== 0) throw new Error("cannot open a pseudo-terminal");
  const name = ptsname(master);
  execFileSync("stty", ["-F", name, "rows", String(rows), "cols", String(columns), "-echoctl"]);
  return { master, name };
}

/** The output of a terminal, and the callers that wait for more. */
class Shown {
  text = "";
  ended = false;
  /** The offset at which the last expected text ends. */
  #from = 0;
  #wake = () => {};

  add(piece) {
    this.text += piece;
    this.#wake();
  }

  end() {
    this.ended = true;
    this.#wake();
  }

  async expect(wanted, timeout) {
    const deadline = Date.now() + timeout;
    for (;;) {
      const at = this.#endOf(wanted);
      if (at >= 0) {
        this.#from = at;
        return;
      }
      if (this.ended || Date.now() >= deadline) {
        throw new Error(`the terminal never showed ${JSON.stringify(String(wanted))}; it shows:\n${this.text}`);
      }
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, deadline - Date.now());
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  #endOf(wanted) {
    if (typeof wanted === "string") {
      const at = this.text.indexOf(wanted, this.#from);
      return at < 0 ? -1 : at + wanted.length;
    }
    const found = wanted.exec(this.text.slice(this.#from));
    return found === null ? -1 : this.#from + found.index + found[0].length;
  }
}

/** Returns the kernel's status of each thread. */
function threadsOf(proc) {
  return readdirSync(`${proc}/task`).flatMap((thread) => {
    try {
      return [readFileSync(`${proc}/task/${thread}/stat`, "latin1")];
    } catch {
      return []; // The process has exited.
    }
  });
}

function childrenOf(pid) {
  try {
    return (readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").match(/\d+/g) ?? []).map(Number);
  } catch {
    return []; // The process has exited.
  }
}

function descendantsOf(pid) {
  return childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)]);
}

function isRunning(pid) {
  try {
    return !/^\d+ \(.*\) [XZ]/s.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}

export async function openPty({ argv, env, cwd, rows = 24, columns = 80, encoding = "utf8", onData = () => {} }) {
  const { master, name } = await open(rows, columns);
  // The child's side is kept open until the child has exited. Otherwise the child's last output could be lost.
  const ours = openSync(name, constants.O_RDWR | constants.O_NOCTTY);
  const child = spawn("/bin/sh", ["-c", 'exec "$@" <"$MAIL_TTY" >"$MAIL_TTY" 2>&1', "sh", ...argv], {
    env: { ...env, MAIL_TTY: name },
    cwd,
    detached: true,
    stdio: "ignore",
  });
  const shown = new Shown();
  const stream = new ReadStream(master);
  stream.setEncoding(encoding);
  stream.on("data", (piece) => {
    onData(piece);
    shown.add(piece);
  });
  stream.on("error", () => shown.end());
  stream.on("end", () => shown.end());
  const closed = new Promise((resolve) => stream.on("close", resolve));
  const exited = new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      closeSync(ours);
      const done = () => resolve(signal === null ? code : 128);
      if (shown.ended) done();
      else {
        stream.once("error", done);
        stream.once("end", done);
      }
    });
  });
  const proc = `/proc/${child.pid}`;
  return {
    exited,
    pid: child.pid,
    transcript: () => shown.text.replaceAll("\r\n", "\n"),
    send: (typed) => {
      writeSync(master, typed);
    },
    // The text is written in another thread, because the echo must be read in the meantime. Otherwise both sides would
    // block.
    paste: (text) => promisify(write)(master, text),
    isRaw: () => execFileSync("stty", ["-F", name, "-a"], { encoding: "utf8" }).includes("-icanon"),
    isAsleep: () => threadsOf(proc).every((stat) => /^\d+ \(.*\) S/s.test(stat)),
    openFiles: () => listOpenFiles(child.pid),
    children: () => childrenOf(child.pid),
    resize: (size) => {
      execFileSync("stty", ["-F", name, "rows", String(size.rows), "cols", String(size.columns)]);
    },
    expect: (wanted, timeout = 50_000) => shown.expect(wanted, timeout),
    async close() {
      // The programs may be saving a message, so their files must not be removed yet.
      const all = child.exitCode === null && child.signalCode === null ? [child.pid, ...descendantsOf(child.pid)] : [];
      child.kill("SIGHUP");
      stream.destroy();
      await closed;
      for (const until = Date.now() + patience; all.some(isRunning) && Date.now() < until; ) await sleep(10);
    },
  };
}
