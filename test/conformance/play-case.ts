/** Runs a mail client on a case in its own directory, and collects the results. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { appendFile, chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { openPty, type Pty } from "../../scripts/pty.mjs";
import { type Case, expandFile, hasWord, linesOf, readFixture, sectionsOf, unescapeLine } from "./case-file.ts";
import { showSubmitted } from "./submitted-message.ts";

/** The results of a client, keyed by `exit`, `stdout`, `file mbox`, `message 1` and so on; null for a removed file. */
export interface Played {
  readonly results: ReadonlyMap<string, string | null>;
  /** The reason why the case could not be completed. */
  readonly trouble?: string;
}

/** In milliseconds. */
const timeLimit = 20_000;
/** The size in bytes above which a result is compared by its hash. */
const big = 20_000;
/** The client's private state, which is not compared. */
const unseen = new Set([".cache", ".local", ".config"]);

const capture = (root: string, exitCode: number) => `#!/bin/sh
n=1
while ! mkdir "${root}/sent/$n" 2>/dev/null; do n=$((n + 1)); done
d=${root}/sent/$n
for a in "$@"; do printf '%s\\n' "$a"; done >"$d/argv"
cat >"$d/part"
mv "$d/part" "$d/body"
exit ${exitCode}
`;
const editor = `#!/bin/sh
for f in "$@"; do :; done
sed 's/colour/color/g' "$f" >"$f.new" && cat "$f.new" >"$f" && rm -f "$f.new"
echo 'edited line' >>"$f"
touch -d '2031-01-01 00:00' "$f"
`;

/** Runs a client on a case. @param client the program and its first arguments */
export async function playCase(played: Case, client: readonly string[]): Promise<Played> {
  // This path has no spaces, but $TMPDIR may contain spaces. Test cases insert this path, unquoted, into program names,
  // as in `set sendmail`.
  const root = await mkdtemp("/tmp/mail-conformance-");
  try {
    await prepare(played, root);
    const home = join(root, "home");
    const before = await readTree(home);
    const argv = [...client, ...(linesOf(played, "argv") ?? []).map((line) => substitute(unescapeLine(line), root))];
    const env = environment(played, root);
    const script = linesOf(played, "pty");
    const { trouble, ...ended } = await (script === undefined
      ? playPipe(played, argv.map(toText), env, root)
      : playTerminal(script, argv.map(toText), env, root, hasWord(played, "compare", "raw")));
    const results = new Map<string, string | null>(
      Object.entries(ended).map(([key, value]) => [key, shorten(normalize(value, root))]),
    );
    for (const [at, message] of (await readMessages(played, root)).entries()) {
      results.set(`message ${at + 1}`, shorten(normalize(message, root)));
    }
    const after = await readTree(home);
    for (const name of before.keys()) if (!after.has(name)) results.set(`file ${name}`, null);
    for (const [name, bytes] of after) {
      if (before.get(name) === bytes) continue;
      const text = normalize(bytes, root);
      const isGenerated = hasWord(played, "generated", name);
      results.set(`file ${name}`, shorten(isGenerated ? text.replaceAll(generatedField, "") : text));
    }
    return trouble === undefined ? { results } : { results, trouble };
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

const toText = (bytes: string) => Buffer.from(bytes, "latin1").toString("utf8");
const generatedField =
  /(?<![^\n])(?:Date|Message-ID|User-Agent|X-Mailer|MIME-Version|Content-Type|Content-Transfer-Encoding|From): [^\n]*\n/gi;

async function prepare(played: Case, root: string): Promise<void> {
  for (const name of ["home", "sent", "tmp", "xdg"]) await mkdir(join(root, name));
  await writeFile(join(root, "capture"), capture(root, 0), { mode: 0o755 });
  await writeFile(join(root, "capture-fail"), capture(root, 75), { mode: 0o755 });
  await writeFile(join(root, "editor"), editor, { mode: 0o755 });
  const home = join(root, "home");
  for (const { words } of sectionsOf(played, "dir")) await mkdir(join(home, words[0] ?? ""), { recursive: true });
  for (const { words, lines } of sectionsOf(played, "file")) {
    const [name = "", mode = "mode=0600"] = words;
    const path = join(home, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, substitute(expandFile(lines), root), "latin1");
    await chmod(path, Number.parseInt(mode.slice("mode=".length), 8));
  }
  if (played.head.get("mailrc") === "own") return;
  const path = join(home, ".mailrc");
  const own = existsSync(path) ? await readFile(path, "latin1") : "";
  await writeFile(path, `${substitute("set sendmail={CAPTURE}\n", root)}${own}`, "latin1");
}

function environment(played: Case, root: string): Record<string, string> {
  const home = join(root, "home");
  const xdg = join(root, "xdg");
  const env: Record<string, string> = {
    PATH: "/usr/bin:/bin",
    HOME: home,
    MAIL: join(home, "spool"),
    TZ: "UTC",
    LC_ALL: "C.UTF-8",
    USER: "root",
    LOGNAME: "root",
    SHELL: "/bin/sh",
    TERM: "dumb",
    NO_COLOR: "1",
    TMPDIR: join(root, "tmp"),
    XDG_CACHE_HOME: xdg,
    XDG_STATE_HOME: xdg,
    XDG_CONFIG_HOME: xdg,
    XDG_DATA_HOME: xdg,
  };
  for (const line of linesOf(played, "env") ?? []) {
    const [name = "", ...value] = line.split("=");
    if (line.includes("=")) env[name] = toText(substitute(unescapeLine(value.join("=")), root));
    else delete env[name];
  }
  return env;
}

type Ended = { readonly [key: string]: string } & { readonly trouble?: string };

async function playPipe(played: Case, argv: string[], env: Record<string, string>, root: string): Promise<Ended> {
  const [program = "", ...words] = argv;
  const child = spawn(program, words, { cwd: join(root, "home"), env, detached: true });
  child.stdin.on("error", () => {}); // The client may exit without reading its input.
  child.stdin.end(substitute(expandFile(linesOf(played, "stdin") ?? []), root), "latin1");
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    killGroup(child.pid);
  }, timeLimit);
  const closed = new Promise<string>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(String(signal === null ? code : -constants.signals[signal])));
  });
  const [exit, stdout, stderr] = await Promise.all([closed, buffer(child.stdout), buffer(child.stderr)]);
  clearTimeout(timer);
  killGroup(child.pid);
  const ended = { exit: `${exit}\n`, stdout: stdout.toString("latin1"), stderr: stderr.toString("latin1") };
  return isLate ? { ...ended, trouble: `still running after ${timeLimit / 1000} s` } : ended;
}

async function playTerminal(
  script: readonly string[],
  argv: string[],
  env: Record<string, string>,
  root: string,
  isRaw: boolean,
): Promise<Ended> {
  const home = join(root, "home");
  const pty = await openPty({ argv, env, cwd: home, encoding: "latin1" });
  const deadline = Date.now() + timeLimit;
  let trouble: string | undefined;
  try {
    for (const line of script) if (line !== "" && !line.startsWith("#")) await takeStep(pty, line, deadline, root);
  } catch (error) {
    trouble = (error as Error).message;
  }
  const exit = await Promise.race([
    pty.exited,
    sleep(trouble === undefined ? Math.max(deadline - Date.now(), 500) : 500, undefined, { ref: false }),
  ]);
  if (exit === undefined) trouble ??= "still running at the end of the script";
  killGroup(pty.pid);
  await pty.close();
  let transcript = pty.transcript().replaceAll("\r", "");
  // The echo of an interrupt or of an end of file is not compared.
  transcript = transcript.replaceAll(/\^D\x08\x08|\^[CD]|[\x03\x04]/g, "");
  if (!isRaw) transcript = transcript.replaceAll(/\x1b\[[0-9;?]*[A-Za-z]/g, "");
  const ended = { exit: `${exit}\n`, transcript: stripLineEnds(transcript) };
  return trouble === undefined ? ended : { ...ended, trouble };
}

/** Returns the text without spaces and tabs at the end of lines. */
export function stripLineEnds(text: string): string {
  return text.replaceAll(/[ \t]+(?![^\n])/g, "");
}

async function takeStep(pty: Pty, line: string, deadline: number, root: string): Promise<void> {
  const [verb = "", ...words] = line.split(" ");
  const text = substitute(unescapeLine(words.join(" ")), root);
  if (verb === "expect") {
    try {
      await pty.expect(text.replaceAll("\n", "\r\n"), deadline - Date.now());
    } catch {
      throw new Error(`the terminal never showed "${words.join(" ")}"`);
    }
  } else if (verb === "send") {
    await sleep(30); // The client needs time to begin reading after it has printed the prompt.
    pty.send(Buffer.from(text, "latin1"));
  } else if (verb === "wait") await sleep(1000 * Number(text));
  else if (verb === "append") await appendFile(join(root, "home", words[0] ?? ""), readFixture(words[1] ?? ""));
  else throw new Error(`unknown step: ${line}`);
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // All processes of the group have exited.
  }
}

/**
 * Reads the submitted messages. If the case expects messages that are submitted in the background, waits up to a second
 * for them.
 */
async function readMessages(played: Case, root: string): Promise<string[]> {
  const wanted = sectionsOf(played, "expect").filter(({ words }) => words[0] === "message").length;
  const sent = join(root, "sent");
  const complete = async () =>
    (await readdir(sent))
      .filter((name) => existsSync(join(sent, name, "body")))
      .toSorted((a, b) => Number(a) - Number(b));
  const until = Date.now() + 1000;
  let names = await complete();
  while (names.length < wanted && Date.now() < until) {
    await sleep(20);
    names = await complete();
  }
  const compares = { from: hasWord(played, "compare", "from"), mime: hasWord(played, "compare", "mime") };
  return Promise.all(
    names.map(async (name) => {
      const argv = (await readFile(join(sent, name, "argv"), "latin1")).split("\n").slice(0, -1);
      return showSubmitted(argv, await readFile(join(sent, name, "body"), "latin1"), compares);
    }),
  );
}

/** Returns the bytes of each file below a directory, keyed by the file's relative path. */
async function readTree(home: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const visit = async (under: string): Promise<void> => {
    for (const entry of await readdir(join(home, under), { withFileTypes: true })) {
      const name = join(under, entry.name);
      if (under === "" && unseen.has(name)) continue;
      if (entry.isDirectory()) await visit(name);
      else found.set(name, await readFile(join(home, name), "latin1").catch(() => "(unreadable)"));
    }
  };
  await visit("");
  return found;
}

const programs = (root: string): readonly (readonly [string, string])[] => [
  ["{HOME}", join(root, "home")],
  ["{CAPTURE_FAIL}", join(root, "capture-fail")],
  ["{CAPTURE}", join(root, "capture")],
  ["{EDITOR}", join(root, "editor")],
];

function substitute(text: string, root: string): string {
  return programs(root).reduce((so, [name, path]) => so.replaceAll(name, path), text);
}

const day = "\\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)";
const month = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)";
const year = "20(?:2[4-9]|[3-9]\\d)";
const time = "\\d\\d:\\d\\d:\\d\\d";
const asctime = new RegExp(`${day} ${month} [ 0-3]\\d ${time} (?:UTC )?${year}\\b`, "g");
const date = new RegExp(`${day}, ?[ 0-3]?\\d ${month} ${year} ${time} (?:[+-]\\d{4}|GMT|UTC)(?: \\([A-Z]+\\))?`, "g");

/** Replaces text that differs between runs (paths, the current date and the program's name) with placeholders. */
function normalize(text: string, root: string): string {
  return programs(root)
    .reduce((so, [name, path]) => so.replaceAll(path, name), text)
    .replaceAll(root, "{ROOT}")
    .replaceAll(/\{ROOT\}\/tmp\/mail\.\w+/g, "{TEMPFILE}")
    .replaceAll(/(?<![^\n])(?:\.\/)?(?:mail|mailx|bsd-mailx|mail\.js): /g, "{PROG}: ")
    .replaceAll(asctime, "{ASCTIME}")
    .replaceAll(date, "{DATE}");
}

function shorten(bytes: string): string {
  if (bytes.length <= big) return bytes;
  const sum = createHash("sha256").update(bytes, "latin1").digest("hex");
  return `${bytes.length} bytes, sha256 ${sum}\n`;
}
