import { spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { executeLine } from "../../src/read/interpreter/interpreter.ts";
import { viewerOf } from "../../src/read/show/mailcap.ts";
import { type Bench, bench } from "./support/session.ts";

const attached = (name: string, text: string) =>
  `--b\nContent-Type: application/pdf\nContent-Transfer-Encoding: base64\n` +
  `Content-Disposition: attachment; filename="${name}"\n\n${Buffer.from(text).toString("base64")}\n`;
const spool =
  "From ann Sat Jan 16 18:22:03 2021\nFrom: ann\nSubject: files\nContent-Type: multipart/mixed; boundary=b\n\n" +
  `--b\n\nsee below\n${attached("a report.pdf", "one")}${attached("../../.ssh/authorized_keys", "two")}--b--\n\n` +
  "From bob Sat Jan 16 18:22:03 2021\nFrom: bob\n\nplain\n\n";

const program = join(fileURLToPath(new URL(".", import.meta.url)), "../../bin/mail.js");

/**
 * Encodes a file as uuencode(1) does (POSIX.1-2024, uuencode, "Historical algorithm"). The command uuencode might not
 * be installed.
 */
function uuencode(name: string, text: string): string {
  const bytes = Buffer.from(text);
  const character = (bits: number) => String.fromCharCode(bits === 0 ? 96 : bits + 32);
  const lines = [`begin 644 ${name}`];
  for (let at = 0; at <= bytes.length; at += 45) {
    const piece = bytes.subarray(at, at + 45);
    let line = character(piece.length);
    for (let i = 0; i < piece.length; i += 3) {
      const [a = 0, b = 0, c = 0] = piece.subarray(i, i + 3);
      const bits = (a << 16) | (b << 8) | c;
      for (const shift of [18, 12, 6, 0]) line += character((bits >> shift) & 63);
    }
    lines.push(line);
  }
  if (bytes.length % 45 !== 0) lines.push(character(0));
  return `${lines.join("\n")}\nend\n`;
}

let session: Bench;
let directory: string;

beforeEach(async () => {
  session = await bench(spool);
  directory = mkdtempSync(join(tmpdir(), "mail-parts-"));
});
afterEach(async () => {
  await session.remove();
  rmSync(directory, { recursive: true });
});

async function run(line: string): Promise<string> {
  await executeLine(session, line.replaceAll("{D}", directory));
  return session.said().replaceAll(directory, "{D}");
}

test("parts lists the number, type, size and name of each part", async () => {
  expect(await run("parts")).toBe(
    "1  text/plain           9 B\n2  application/pdf      3 B  a report.pdf\n" +
      "3  application/pdf      3 B  ../../.ssh/authorized_keys\n",
  );
});

test("save -p writes a part to a file with mode 0600 in a directory, and does not mark the message as saved", async () => {
  expect(await run("save -p 2 1 {D}")).toBe('"{D}/a report.pdf" [New file] 3 B\n');
  expect(readFileSync(join(directory, "a report.pdf"), "utf8")).toBe("one");
  expect(statSync(join(directory, "a report.pdf")).mode & 0o777).toBe(0o600);
  expect(session.folder.mailbox.flags(1) & 16).toBe(0);
});

test("a uuencoded file in the body is treated as a part", async () => {
  const dump = "0123456789".repeat(20);
  const encoded = uuencode("../dump.txt", dump);
  await session.remove();
  session = await bench(`From ann Sat Jan 16 18:22:03 2021\nFrom: ann\n\nsee\n${encoded}`);
  expect(await run("parts")).toBe(
    "1  text/plain                    4 B\n2  application/octet-stream    200 B  ../dump.txt\n",
  );
  expect(await run("save -p all 1 {D}")).toBe('"{D}/dump.txt" [New file] 200 B\n');
  expect(readFileSync(join(directory, "dump.txt"), "utf8")).toBe(dump);
});

test("no file is overwritten: if a file with the part's name exists, a number is added to the name", async () => {
  await run("save -p 2 {D}");
  expect(await run("write -p 2,3 {D}")).toBe(
    '"{D}/a report (1).pdf" [New file] 3 B\n"{D}/authorized_keys" [New file] 3 B\n',
  );
  expect(readdirSync(directory).sort()).toEqual(["a report (1).pdf", "a report.pdf", "authorized_keys"]);
});

test("a part is saved under its name without directories, and no symbolic link is followed", async () => {
  const elsewhere = join(directory, "elsewhere");
  mkdirSync(join(directory, "into"));
  symlinkSync(elsewhere, join(directory, "into/authorized_keys"));
  expect(await run("save -p all {D}/into")).toBe(
    '"{D}/into/a report.pdf" [New file] 3 B\n"{D}/into/authorized_keys (1)" [New file] 3 B\n',
  );
  expect(readdirSync(directory)).toEqual(["into"]);
});

test("save -p creates the named file, and never overwrites an existing file", async () => {
  expect(await run("save -p 2 {D}/new.pdf")).toBe('"{D}/new.pdf" [New file] 3 B\n');
  writeFileSync(join(directory, "new.pdf"), "mine");
  expect(await run("save -p 3 {D}/new.pdf")).toBe("");
  expect(readFileSync(join(directory, "new.pdf"), "utf8")).toBe("mine");
  expect(session.failure).toBe(1);
});

test.each([
  "save -p 9 {D}",
  "save -p all 2 {D}",
  "save -p 2 {D}/missing/",
  "save -p 2,3 {D}/one",
  "save -p all 1 {D}/missing",
  "save -p 1 * {D}/missing",
])("%s saves nothing and sets the exit code", async (line) => {
  await run(line);
  expect(readdirSync(directory)).toEqual([]);
  expect(session.failure).toBe(1);
});

test("print -p prints a part as text, even if the part is an attachment", async () => {
  expect(await run("p -p 1 1")).toBe("Message 1:\nsee below\n");
  expect(await run("print -p 2")).toBe("Message 1:\n[2: application/pdf, 3 B]\n");
  expect(await run("p -p 7")).toBe("");
});

test("pipe -p pipes a decoded part to a command", async () => {
  await run("pipe -p 2 1 cat > {D}/out");
  expect(readFileSync(join(directory, "out"), "utf8")).toBe("one");
});

test.each([
  ["exit", "exit\n"],
  ["a quit that rewrites the mailbox", "delete 2\nquit\n"],
])(
  "the open command runs the program for a part's type without passing the part's name to a shell, and %s removes the temporary file",
  (_end, end) => {
    const mailbox = join(directory, "spool");
    writeFileSync(mailbox, spool);
    const TMPDIR = join(directory, "temporary");
    mkdirSync(TMPDIR);
    const mailcap = `text/*: false; application/*: printf '%%s,' "$(cat %s)" '%t' > ${directory}/out`;
    const { status } = spawnSync(process.execPath, [program, "-n", "-S", `mailcap=${mailcap}`, "-f", mailbox], {
      env: { PATH: process.env["PATH"], HOME: directory, TMPDIR },
      input: `open 2\nopen 2\n${end}`,
    });
    expect(status).toBe(0);
    expect(readFileSync(join(directory, "out"), "utf8")).toBe("one,application/pdf,");
    expect(readdirSync(TMPDIR)).toEqual([]);
  },
);

test("the open command prints a decoded text part if mailcap has no program for it", async () => {
  expect(await run("open 1 1")).toBe("Message 1:\nsee below\n");
  expect(await run("open 2")).toBe("");
  expect(session.failure).toBe(1);
});

test.each([
  ["text/html", "w3m -dump %s"],
  ["image/png", "convert %s -; true"],
  ["audio/x", "xdg-open %s"],
])("mailcap names the program for %s", (type, program) => {
  expect(viewerOf("text/html: w3m -dump %s; image/*: convert %s -; true; */*: xdg-open %s", type)).toBe(program);
});
