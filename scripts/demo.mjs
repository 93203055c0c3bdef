/**
 * Runs the acceptance test with the built programs and with maild in a private directory. If the script is run on a
 * terminal, it then starts a shell in that directory.
 *
 * Each step is typed on a pseudo-terminal, as a user would type it, and its results are checked.
 */
import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, delimiter, join } from "node:path";
import { openPty } from "./pty.mjs";
import { ready, root, stop } from "./ready.mjs";

const domain = "DOMINIO";
/** In milliseconds. A busy machine can take ten times as long as an idle one. */
const patience = 60_000;

ready();
const sandbox = mkdtempSync(join(tmpdir(), "mail-demo-"));
const spool = join(sandbox, "spool");
const log = join(sandbox, "mail.log");
let maild;
let terminal;
/** Whether Ctrl-C ends the demo. In the shell at the end, Ctrl-C interrupts only the programs that run in the shell. */
let interruptible = true;

process.on("exit", () => {
  terminal?.close();
  maild?.kill();
  rmSync(sandbox, { recursive: true, force: true });
});
for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
]) {
  process.on(signal, () => {
    if (interruptible || signal !== "SIGINT") process.exit(code);
  });
}

/** Prints the result of a check, and ends the demo if the check failed. */
function check(what, holds) {
  console.log(`  ${holds ? "ok" : "FAILED"}: ${what}`);
  if (!holds) {
    if (existsSync(log)) console.log(readFileSync(log, "utf8"));
    stop(`demo: this check failed: ${what}`);
  }
}

function title(text) {
  console.log(`\n== ${text}`);
}

async function startMaild() {
  mkdirSync(spool);
  const command = [join(root, "bin/maild.js"), "--port", "0", "--spool", spool, "--domain", domain, "--log", log];
  // The users need no accounts: maild accepts these two names.
  const users = ["--user", "debian", "--user", "root"];
  // maild keeps its state below the home directory, unless an XDG variable names another directory.
  const env = { PATH: process.env.PATH, HOME: sandbox };
  maild = spawn(process.execPath, [...command, ...users], { env, stdio: ["ignore", "pipe", "inherit"] });
  const line = await new Promise((resolve, reject) => {
    let text = "";
    maild.stdout.on("data", (piece) => {
      text += piece;
      if (text.includes("\n")) resolve(text);
    });
    maild.on("exit", (code) => reject(new Error(`maild ended with exit code ${code}`)));
    maild.on("error", reject);
  });
  return /127\.0\.0\.1:\d+/.exec(line)[0];
}

/** Installs the commands under their own names in a directory for PATH. */
function installCommands() {
  const bin = join(sandbox, "bin");
  mkdirSync(bin);
  for (const name of ["mail", "mailx"]) {
    writeFileSync(join(bin, name), `#!/bin/sh\nexec '${process.execPath}' '${join(root, "bin/mail.js")}' "$@"\n`);
    chmodSync(join(bin, name), 0o755);
  }
  return bin;
}

function makeUser(name, { address, bin }) {
  const home = join(sandbox, "home", name);
  mkdirSync(home, { recursive: true });
  const me = `${name}@${domain}`;
  const settings = [
    `set mta=smtp://${address}`,
    `set maillog=${log}`,
    `set from=${me}`,
    `alternates ${me}`,
    "set ask askcc",
    "",
  ];
  writeFileSync(join(home, ".mailrc"), settings.join("\n"), { mode: 0o600 });
  const { TERM = "xterm", LANG, LC_ALL, SHELL } = process.env;
  const given = { TERM, LANG, LC_ALL, SHELL };
  const known = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const path = `${bin}${delimiter}${process.env.PATH ?? "/usr/bin:/bin"}`;
  const env = { ...known, HOME: home, USER: name, LOGNAME: name, MAIL: join(spool, name), PATH: path };
  return { name, home, env, inbox: env.MAIL, mbox: join(home, "mbox") };
}

/**
 * Runs a command line as the user on a pseudo-terminal.
 *
 * @param play types the user's input; called with the terminal
 * @returns the exit code
 */
async function onTerminal(user, command, play = async () => undefined) {
  console.log(`${user.name}$ ${command}`);
  const argv = ["/bin/sh", "-c", command.includes("|") ? command : `exec ${command}`];
  terminal = await openPty({ argv, env: user.env, cwd: user.home, rows: 24, columns: 80 });
  let code;
  try {
    await play(terminal);
    code = await Promise.race([terminal.exited, late(`the end of ${command}`)]);
  } finally {
    const shown = terminal.transcript().trimEnd();
    if (shown !== "") console.log(shown);
    await terminal.close();
    terminal = undefined;
  }
  return code;
}

/** Types a line, and waits until it has been echoed and read. */
async function type(tty, line) {
  tty.send(`${line}\r`);
  await tty.expect(`${line}\r\n`, patience);
  await new Promise((resolve) => setTimeout(resolve, 50));
}

function late(what) {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`waited in vain for ${what}`)), patience).unref();
  });
}

function content(path) {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

async function play(address) {
  const bin = installCommands();
  const debian = makeUser("debian", { address, bin });
  const admin = makeUser("root", { address, bin });

  title("debian sends a message to root");
  let code = await onTerminal(debian, `mail root@${domain}`, async (tty) => {
    await tty.expect("Subject: ", patience);
    await type(tty, "Hello");
    await type(tty, "This is the first line.");
    await type(tty, "Yours, debian");
    tty.send("\x04");
    await tty.expect("Cc: ", patience);
    tty.send("\r");
  });
  check("mail ended with exit code 0", code === 0);
  check("the message is in root's mailbox", /^Subject: Hello$/m.test(content(admin.inbox)));
  check("its text is there", content(admin.inbox).includes("\n\nThis is the first line.\nYours, debian\n"));
  const id = /with ESMTP id ([0-9A-F]{10})/.exec(content(admin.inbox))?.[1];
  check(`the log says that ${id} was delivered`, content(log).includes(`${id}: removed`));

  title("root reads it and replies");
  code = await onTerminal(admin, "mail", async (tty) => {
    await tty.expect(/"[^"]*root": 1 message 1 new/, patience);
    await tty.expect(/>N {2}1 debian@DOMINIO .*Hello/, patience);
    await tty.expect("& ", patience);
    tty.send("1\r");
    await tty.expect("Yours, debian", patience);
    await tty.expect("& ", patience);
    tty.send("r\r");
    await tty.expect(/Subject: Re: Hello\r\n(?:[A-Z].*\r\n)*\r\n/, patience);
    await new Promise((resolve) => setTimeout(resolve, 200));
    await type(tty, "Welcome!");
    tty.send("\x04");
    await tty.expect("Cc: ", patience);
    tty.send("\r");
    await tty.expect("& ", patience);
    tty.send("q\r");
  });
  check("mail ended with exit code 0", code === 0);
  check("the message is in root's ~/mbox", /^Subject: Hello$/m.test(content(admin.mbox)));
  check("it has left root's mailbox", content(admin.inbox) === "");
  check("the reply is in debian's mailbox", /^Subject: Re: Hello$/m.test(content(debian.inbox)));

  title("a script sends its output");
  const job = `echo "Backup done" | mail -s "Nightly backup" root@${domain}`;
  code = await onTerminal(debian, job);
  check("mail ended with exit code 0", code === 0);
  check("the message is in root's mailbox", /^Subject: Nightly backup$/m.test(content(admin.inbox)));
  check("with the script's output", content(admin.inbox).includes("\n\nBackup done\n"));

  title("debian looks at the headers");
  code = await onTerminal(debian, "mail -H");
  check("mail ended with exit code 0", code === 0);
  check("nobody else could read the mailboxes", (statSync(admin.inbox).mode & 0o077) === 0);
  return debian;
}

/** Starts a shell for the user in the sandbox. */
async function explore(user) {
  title("Now you");
  console.log(`You are ${user.name}. Try: mail root@${domain}, mail --track, mail, or mail -f ~/mbox`);
  console.log(`The server's log is ${log}`);
  console.log("Leave with exit or Ctrl-D; the server is then stopped, and all files are removed.\n");
  interruptible = false;
  const env = { ...user.env, PS1: `${user.name}$ ` };
  const program = process.env.SHELL || "/bin/sh";
  // The system's start-up file for bash would change the prompt.
  const options = basename(program) === "bash" ? ["--norc", "-i"] : ["-i"];
  const shell = spawn(program, options, { cwd: user.home, env, stdio: "inherit" });
  await new Promise((resolve) => {
    shell.on("exit", resolve);
    shell.on("error", (error) => {
      console.error(`demo: ${error.message}`);
      resolve();
    });
  });
}

try {
  const debian = await play(await startMaild());
  console.log("\nEach step did what it says.");
  if (process.stdin.isTTY && process.stdout.isTTY) await explore(debian);
  process.exit(0);
} catch (error) {
  stop(`demo: ${error.message}`);
}
