/** Checks that text for the pager is wrapped at the width of the window, and nowhere else. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, expect, test } from "@jest/globals";
import { openPty, type Pty } from "../../scripts/pty.mjs";
import { foldStyled } from "../../src/terminal/folded.ts";
import { needsFolding, showsColour } from "../../src/terminal/pager.ts";
import { isInstalled } from "../conditions.ts";

const program = resolve(import.meta.dirname, "../../bin/mail.js");

let home = "";
let pty: Pty | undefined;
afterEach(async () => {
  await pty?.close();
  if (home !== "") rmSync(home, { recursive: true, force: true });
});

test("a coloured line that fits is not broken by the pager `more`, which counts colour codes as text", async () => {
  home = mkdtempSync(join(tmpdir(), "mail-pager-"));
  const quoted = `> ${"quoted ".repeat(10)}END`;
  const long = `> ${"x".repeat(78)}yz`;
  const body = `${quoted}\n${long}\n${"line\n".repeat(40)}`;
  writeFileSync(join(home, "box"), `From ann@example.org Sat Jan 16 18:22:01 2021\nSubject: hola\n\n${body}\n`);
  const env = { HOME: home, TERM: "xterm", PATH: "/usr/bin:/bin", USER: "root", LC_ALL: "C.UTF-8" };
  const argv = [process.execPath, program, "-n", "-S", "crt", "-S", "PAGER=more", "-f", join(home, "box")];
  pty = await openPty({ argv, env, cwd: home });
  await pty.expect("& ");
  pty.send("1\r");
  await pty.expect(quoted);
  await pty.expect(/x{78}\x1b\[\d+m\r\n|x{78}\r\n/);
  await pty.expect("yz");
  await pty.expect("--More--");
});

test("a few long lines that do not fit in the window are shown in the pager", async () => {
  home = mkdtempSync(join(tmpdir(), "mail-pager-"));
  const body = `${"x".repeat(79)} `.repeat(30);
  writeFileSync(join(home, "box"), `From ann@example.org Sat Jan 16 18:22:01 2021\nSubject: hola\n\n${body}\n\n`);
  const env = { HOME: home, TERM: "xterm", PATH: "/usr/bin:/bin", USER: "root", LC_ALL: "C.UTF-8" };
  const argv = [process.execPath, program, "-n", "-S", "crt", "-S", "PAGER=more", "-f", join(home, "box")];
  pty = await openPty({ argv, env, cwd: home });
  await pty.expect("& ");
  pty.send("1\r");
  await pty.expect("--More--");
});

test("a message with very many coloured pieces is shown in the pager, and is produced only as fast as the pager reads it", async () => {
  home = mkdtempSync(join(tmpdir(), "mail-pager-"));
  const links = "http://example.org/\n".repeat(100_000);
  writeFileSync(join(home, "box"), `From ann@example.org Sat Jan 16 18:22:01 2021\nSubject: hola\n\n${links}\n`);
  const env = { HOME: home, TERM: "xterm", PATH: "/usr/bin:/bin", USER: "root", LC_ALL: "C.UTF-8", PAGER: "head -7" };
  pty = await openPty({
    argv: [process.execPath, program, "-n", "-S", "crt", "-f", join(home, "box")],
    env,
    cwd: home,
  });
  await pty.expect("& ");
  pty.send("1\r");
  await pty.expect("& ");
  pty.send("x\r");
  expect(await pty.exited).toBe(0);
  expect(pty.transcript().match(/http:/g)).toHaveLength(2);
});

const hello = "From ann@example.org Sat Jan 16 18:22:01 2021\nSubject: hola\n\ntext\n\n";

/** Starts a session. @param wrapper a command that runs the program */
async function startWith(settings: readonly string[], wrapper: readonly string[] = []): Promise<Pty> {
  home = mkdtempSync(join(tmpdir(), "mail-pager-"));
  writeFileSync(join(home, "box"), hello);
  const env = { HOME: home, TERM: "xterm", PATH: process.env["PATH"], USER: "root", LC_ALL: "C.UTF-8" };
  const sets = settings.flatMap((setting) => ["-S", setting]);
  return await openPty({
    argv: [...wrapper, process.execPath, program, "-n", ...sets, "-f", join(home, "box")],
    env,
    cwd: home,
  });
}

test("keys that were typed before the pager started reach the session", async () => {
  const printKeys = "/bin/stty -icanon min 0 time 0 </dev/tty; /bin/cat - /dev/tty | /usr/bin/tr a-z A-Z";
  pty = await startWith([`PAGER=${printKeys}`]);
  execFileSync("mkfifo", [join(home, "fifo")]);
  await pty.expect("& ");
  pty.send("source fifo\r");
  await pty.expect("source fifo\r\n");
  pty.send("size\r");
  writeFileSync(join(home, "fifo"), "more 1\n");
  await pty.expect("TEXT");
  await pty.expect("& ");
  await pty.expect(/1: \d+/);
  expect(pty.transcript()).not.toContain("SIZE");
});

const hidesPrograms = isInstalled("unshare") && spawnSync("unshare", ["-rm", "true"]).status === 0;

(hidesPrograms ? test.each : test.skip.each)([
  // command, output
  ["more 1", "text"],
  ["more 1", "mail: PAGER: no pager is installed; the text was printed without pauses; set PAGER"],
  ["edit 1", "mail: EDITOR: no editor is installed; nothing was edited; set EDITOR"],
  ["visual 1", "mail: VISUAL: no editor is installed; nothing was edited; set VISUAL"],
])("without a program for %s, the session prints %j", async (command, line) => {
  // The installed programs are hidden by mounting /dev/null, which cannot be executed, over them.
  const hide = 'for name in pager editor vi; do mount --bind /dev/null /usr/bin/$name; done 2>/dev/null; exec "$@"';
  pty = await startWith([], ["unshare", "-rm", "sh", "-c", hide, "sh", "env", "PATH=/nonexistent"]);
  await pty.expect("& ");
  pty.send(`${command}\r`);
  await pty.expect(line);
  await pty.expect("& ");
});

test.each([
  // title, columns, pieces, rows
  ["a line as wide as the window", 5, ["abcde\n", "f\n"], ["abcde", "f", ""]],
  ["a line longer than the window", 5, ["abcdefghijkl\n"], ["abcde", "fghij", "kl", ""]],
  ["a line divided into pieces", 5, ["abc", "defg", "\nh\n"], ["abcde", "fg", "h", ""]],
  ["wide characters", 5, ["日本語\n"], ["日本", "語", ""]],
  ["a tab that ends at the edge of the window", 10, ["a\tb\tc\n"], ["a\tb\t", "c", ""]],
  ["a combining accent at the edge", 2, ["abe\u0301\n"], ["ab", "e\u0301", ""]],
  ["an empty piece", 5, ["", "\n"], ["", ""]],
])("the rows of %s", (_what, columns, pieces, rows) => {
  const made = [
    ...foldStyled(
      pieces.map((text) => ({ text, style: "plain" as const })),
      columns,
    ),
  ];
  expect(made.map(({ text }) => text).join("")).toBe(rows.join("\n"));
});

test.each([
  // pager, environment, shows colours, needs folding
  ["more", {}, true, true],
  ["/usr/bin/more -s", {}, true, true],
  ["more", { MORE: "-s" }, false, false],
  ["more -f", { MORE: "-s" }, true, false],
  ["less", {}, true, false],
  ["less", { LESS: "-i" }, false, false],
  ["less -R", { LESS: "-i" }, true, false],
  ["pr | lpr", {}, false, false],
])(
  "the pager %s with %j determines whether colours are shown and lines are folded",
  (pager, environment, colours, folding) => {
    expect([showsColour(pager, environment), needsFolding(pager, environment)]).toEqual([colours, folding]);
  },
);
