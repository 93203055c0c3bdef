/**
 * Runs sessions in a terminal emulator on a pseudo-terminal, and compares the screens with the reviewed screens in
 * test/screens/.
 *
 *     node scripts/screens.mjs [--write] [NAME...]
 *
 * A step waits for an expected screen, never for a fixed time. --write replaces the recorded screens; review the
 * difference before you commit it. The exit code is 1 if a screen differs.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { sessions } from "../test/screens/sessions.mjs";
import { openPty } from "./pty.mjs";
import { ready, root } from "./ready.mjs";

ready();
const { emulator } = await import("./emulator.mjs");

const directory = join(root, "test/screens");
/** In milliseconds. A busy machine can take ten times as long as an idle one. */
const patience = 60_000;

/**
 * Creates a home directory with the session's files. Variables that could affect the program are removed from its
 * environment.
 */
function makeHome(files) {
  const home = mkdtempSync(join(tmpdir(), "mail-screens-"));
  for (const [name, content] of Object.entries({ ".mailrc": "", ...files })) {
    mkdirSync(dirname(join(home, name)), { recursive: true });
    writeFileSync(join(home, name), content, { mode: name.startsWith("bin/") ? 0o700 : 0o600 });
  }
  const program = `#!/bin/sh\nexec '${process.execPath}' '${join(root, "bin/mail.js")}' "$@"\n`;
  mkdirSync(join(home, "bin"), { recursive: true });
  writeFileSync(join(home, "bin/mail"), program, { mode: 0o700 });
  return home;
}

function environmentOf(home, more) {
  return {
    HOME: home,
    MAIL: "spool",
    MBOX: "mbox",
    DEAD: "dead.letter",
    USER: "root",
    LOGNAME: "root",
    SHELL: "/bin/sh",
    TERM: "xterm-256color",
    LC_ALL: "C.UTF-8",
    TZ: "UTC",
    PATH: `${join(home, "bin")}:/usr/bin:/bin`,
    ...more,
  };
}

/** Runs a session. @returns each named step, followed by its screen, as text */
async function play({ size, env = {}, files, argv = ["mail", "-n"], steps, colours = false, excerpt = false }) {
  const home = makeHome(files);
  const screen = emulator(size);
  let taken = Promise.resolve();
  let look = () => {};
  const pty = await openPty({
    argv,
    env: environmentOf(home, env),
    cwd: home,
    ...size,
    onData: (text) => {
      taken = taken.then(() => screen.write(text)).then(() => look());
    },
  });
  /**
   * Waits until new output has arrived and the screen either ends with the expected text or matches the expression. █
   * stands for the cursor.
   */
  const shown = (wanted) =>
    new Promise((resolve, reject) => {
      const fail = () => reject(new Error(`never showed ${wanted}:\n${screen.withCursor()}`));
      const timer = setTimeout(fail, patience);
      look = () => {
        const now = screen.withCursor();
        if (typeof wanted === "string" ? !now.endsWith(wanted) : !wanted.test(now)) return;
        clearTimeout(timer);
        look = () => {};
        resolve();
      };
    });
  let text = "";
  try {
    for (const { name, type, resize, until } of steps) {
      // Earlier output is not a response to this step.
      await taken;
      const answered = until === undefined ? pty.exited : shown(until);
      if (type !== undefined) pty.send(type);
      if (resize !== undefined) {
        screen.resize(resize);
        pty.resize(resize);
      }
      await answered;
      await taken;
      if (name === undefined) continue;
      const all = colours ? screen.styled() : screen.withCursor();
      const typed = excerpt && type !== undefined ? all.lastIndexOf(` ${type.trim()}\n`) : 0;
      const start = all.lastIndexOf("\n", typed) + 1;
      text += `── ${name}\n${all.slice(start)}\n`;
    }
  } finally {
    await pty.close();
    rmSync(home, { recursive: true, force: true });
  }
  return text.replaceAll(home, "~");
}

/** Returns the first lines that differ. */
function difference(wanted, played) {
  const [one, other] = [wanted.split("\n"), played.split("\n")];
  const at = one.findIndex((line, index) => line !== other[index]);
  const from = at < 0 ? one.length : at;
  const step = one.slice(0, from + 1).findLast((line) => line.startsWith("── "));
  return `  line ${from + 1}, in ${step}\n  - ${one[from] ?? "(end)"}\n  + ${other[from] ?? "(end)"}`;
}

const write = process.argv.includes("--write");
const names = process.argv.slice(2).filter((word) => !word.startsWith("-"));
const unknown = names.filter((name) => sessions[name] === undefined);
if (unknown.length > 0) {
  console.error(`No session ${unknown.join(", ")}; there are ${Object.keys(sessions).join(", ")}.`);
  process.exit(2);
}
let failed = 0;
let count = 0;
for (const [name, session] of Object.entries(sessions)) {
  if (names.length > 0 && !names.includes(name)) continue;
  if (session.requires !== undefined && !existsSync(session.requires)) {
    console.log(`skip  ${name}: ${session.requires} is not installed`);
    continue;
  }
  count++;
  const path = join(directory, `${name}.txt`);
  try {
    // Other clients pad their lines with spaces.
    const shown = await play(session);
    const played = session.requires === undefined ? shown : shown.replace(/ +$/gm, "");
    if (write) writeFileSync(path, played);
    const wanted = existsSync(path) ? readFileSync(path, "utf8") : "";
    if (wanted === played) {
      console.log(`ok    ${name}: ${session.title}`);
      continue;
    }
    failed++;
    console.log(`FAIL  ${name}: ${session.title}\n${difference(wanted, played)}`);
  } catch (error) {
    failed++;
    console.log(`FAIL  ${name}: ${session.title}\n  ${error.message}`);
  }
}
console.log(`${count} sessions, ${failed} with a difference`);
process.exitCode = failed === 0 ? 0 : 1;
