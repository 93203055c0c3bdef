/**
 * A pseudo-terminal without a native module of its own: openpty's steps by koffi, the child started by a shell that is the
 * leader of a new session, whose first terminal so becomes its controlling one.
 */
import { execFileSync, spawn } from "node:child_process";
import { closeSync, constants, openSync, readdirSync, readFileSync, readlinkSync, write, writeSync } from "node:fs";
import { ReadStream } from "node:tty";
import { promisify } from "node:util";

/** koffi is loaded when it is used: what imports this file may be what installs it. */
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

/** O_CLOEXEC, which Node has no name for: a child with our side in its hands would never see it closed. */
const closeOnExec = 0o2000000;

let functions;

/** Our side and the name of the child's side. */
async function open(rows, columns) {
  functions ??= await loadFunctions();
  const { posixOpenpt, grantpt, unlockpt, ptsname } = functions;
  const master = posixOpenpt(constants.O_RDWR | constants.O_NOCTTY | closeOnExec);
  if (master < 0 || grantpt(master) !== 0 || unlockpt(master) !== 0) throw new Error("no pseudo-terminal to be had");
  const name = ptsname(master);
  execFileSync("stty", ["-F", name, "rows", String(rows), "cols", String(columns), "-echoctl"]);
  return { master, name };
}

function seen(text, wanted, from) {
  if (typeof wanted === "string") {
    const at = text.indexOf(wanted, from);
    return at < 0 ? -1 : at + wanted.length;
  }
  const found = wanted.exec(text.slice(from));
  return found === null ? -1 : from + found.index + found[0].length;
}

/** What the kernel says of each thread. */
function threadsOf(pid) {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
    try {
      return [readFileSync(`/proc/${pid}/task/${thread}/stat`, "latin1")];
    } catch {
      return []; // It has ended.
    }
  });
}

function openFiles(pid) {
  const directory = `/proc/${pid}/fd`;
  return readdirSync(directory).flatMap((name) => {
    try {
      return [readlinkSync(`${directory}/${name}`)];
    } catch {
      return []; // It has been closed.
    }
  });
}

export async function openPty({ argv, env, cwd, rows = 24, columns = 80, uid, gid, onData = () => {} }) {
  const { master, name } = await open(rows, columns);
  // Kept open until the child has ended, or what it wrote last could be lost with it.
  const ours = openSync(name, constants.O_RDWR | constants.O_NOCTTY);
  const child = spawn("/bin/sh", ["-c", 'exec "$@" <"$MAIL_TTY" >"$MAIL_TTY" 2>&1', "sh", ...argv], {
    env: { ...env, MAIL_TTY: name },
    cwd,
    detached: true,
    stdio: "ignore",
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  });
  let text = "";
  let from = 0;
  let ended = false;
  let wake = () => {};
  const stream = new ReadStream(master);
  stream.setEncoding("utf8");
  const finish = () => {
    ended = true;
    wake();
  };
  stream.on("data", (piece) => {
    text += piece;
    onData(piece);
    wake();
  });
  stream.on("error", finish);
  stream.on("end", finish);
  const closed = new Promise((resolve) => stream.on("close", resolve));
  const exited = new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      closeSync(ours);
      const done = () => resolve(signal === null ? code : 128);
      if (ended) done();
      else {
        stream.once("error", done);
        stream.once("end", done);
      }
    });
  });
  return {
    exited,
    pid: child.pid,
    transcript: () => text.replaceAll("\r\n", "\n"),
    send: (typed) => {
      writeSync(master, typed);
    },
    // In a thread of its own: what is echoed has to be taken meanwhile, or neither side goes on.
    paste: (text) => promisify(write)(master, text),
    isRaw: () => execFileSync("stty", ["-F", name, "-a"], { encoding: "utf8" }).includes("-icanon"),
    isAsleep: () => threadsOf(child.pid).every((stat) => /^\d+ \(.*\) S/s.test(stat)),
    openFiles: () => openFiles(child.pid),
    children: () =>
      readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").match(/\d+/g)?.map(Number) ?? [],
    resize(size) {
      execFileSync("stty", ["-F", name, "rows", String(size.rows), "cols", String(size.columns)]);
    },
    async expect(wanted, timeout = 50_000) {
      const deadline = Date.now() + timeout;
      for (;;) {
        const at = seen(text, wanted, from);
        if (at >= 0) {
          from = at;
          return;
        }
        if (ended || Date.now() >= deadline) {
          throw new Error(`the terminal never showed ${JSON.stringify(String(wanted))}; it shows:\n${text}`);
        }
        await new Promise((resolve) => {
          const timer = setTimeout(resolve, deadline - Date.now());
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
    },
    async close() {
      child.kill("SIGHUP");
      stream.destroy();
      await closed;
    },
  };
}
