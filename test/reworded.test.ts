/**
 * Tests that no decision depends on the text of an error message. Replacing every error message leaves exit codes,
 * output streams, files and suggested remedies unchanged.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { build, type Plugin } from "esbuild";
import { closeServers, type Script, scriptedServer } from "./submit/scripted-server.ts";

const root = join(import.meta.dirname, "..");
const sentence = "An entirely different sentence.";
let place: string;

/** Passes the message of each new error through a function that the test supplies. */
const reword: Plugin = {
  name: "reword",
  setup(builder) {
    builder.onLoad({ filter: /[/]src[/].*[.]ts$/ }, ({ path }) => {
      if (path.endsWith("/version.ts")) return { contents: 'export const version = "0";', loader: "ts" };
      const source = readFileSync(path, "utf8");
      const contents = source.replace(/\bsuper\(message\b/g, "super((globalThis as any).reworded(message)");
      return { contents, loader: "ts" };
    });
  },
};

beforeAll(async () => {
  place = mkdtempSync(join(tmpdir(), "mail-reworded-"));
  await build({
    entryPoints: [join(root, "src/mail.ts")],
    outfile: join(place, "mail.cjs"),
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    mainFields: ["module", "main"],
    external: ["koffi"],
    logLevel: "error",
    plugins: [reword],
  });
  const words = `process.env.REWORDED ? (text) => text.replace(/.+/g, ${JSON.stringify(sentence)}) : (text) => text`;
  writeFileSync(join(place, "run.cjs"), `globalThis.reworded = ${words};\nrequire("./mail.cjs").start();\n`);
});
afterAll(() => rmSync(place, { recursive: true, force: true }));
afterEach(closeServers);

interface Call {
  readonly argv: readonly string[];
  readonly input?: string;
  readonly server?: Script;
}

async function run({ argv, input = "text\n", server: script }: Call, isReworded: boolean) {
  const server = await scriptedServer(script);
  const home = mkdtempSync(join(place, "home-"));
  writeFileSync(join(home, "box"), "From a@x Sat Jan 16 18:22:03 2021\nFrom: a@x\nSubject: s\n\ntext\n\n");
  const child = spawn(
    process.execPath,
    [join(place, "run.cjs"), "-n", ...argv.map((word) => word.replace("SERVER", `127.0.0.1:${server.port}`))],
    {
      cwd: home,
      env: {
        PATH: process.env["PATH"],
        HOME: home,
        USER: "ana",
        NODE_PATH: join(root, "node_modules"),
        ...(isReworded ? { REWORDED: "1" } : {}),
      },
    },
  );
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const findings = argv.includes("--json")
    ? out
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as Record<string, string>)
        .map(({ status, about, remedy }) => [status, about, remedy])
    : [];
  const rowsOf = (stream: string) => stream.split("\n").length;
  return {
    decisions: {
      exit: await ended,
      rows: [rowsOf(out), rowsOf(err)],
      findings,
      isKept: existsSync(join(home, "dead.letter")),
      isQueued: existsSync(join(home, ".local/state/mail/queue")),
      messages: server.messages.length,
    },
    words: out + err,
  };
}

const to = (mta: string, ...argv: string[]) => ["-S", `mta=${mta}`, ...argv];
const check = (mta: string, ...argv: string[]) => ["--check", "--json", ...to(mta, ...argv)];

const calls: readonly [string, Call][] = [
  ["nobody listens", { argv: to("smtp://127.0.0.1:1", "a@x.org") }],
  ["no such host", { argv: to("smtp://no-such-host.invalid", "a@x.org") }],
  ["a server that refuses to talk", { argv: to("smtp://SERVER", "a@x.org"), server: { greeting: "554 5.3.2 no" } }],
  ["a lost connection after the dot", { argv: to("smtp://SERVER", "a@x.org"), server: { dot: "close" } }],
  ["a queue", { argv: to("smtp://127.0.0.1:1", "-S", "queue", "a@x.org") }],
  ["no queue for a lost reply", { argv: to("smtp://SERVER", "-S", "queue", "a@x.org"), server: { dot: "close" } }],
  ["an invalid setting", { argv: to("smtp://SERVER", "-S", "starttls=x", "a@x.org") }],
  ["a program that is not there", { argv: ["-S", "sendmail=/none", "a@x.org"] }],
  ["an attachment that is not there", { argv: to("smtp://SERVER", "-A", "none", "a@x.org") }],
  ["a field that is none", { argv: to("smtp://SERVER", "-a", "none", "a@x.org") }],
  ["no such option", { argv: ["--none"] }],
  ["no such mailbox", { argv: ["-f", "none"] }],
  ["an invalid query", { argv: ["--count", "-f", "box", "(from:a"] }],
  ["mistakes in lists", { argv: ["-N", "-f", "box"], input: 'type "x\ntype 9\ntype :x\nxit\n' }],
  ["by hand: no such host", { argv: ["--smtp", "no-such-host.invalid"], input: "" }],
  ["by hand: silence", { argv: ["-S", "smtptimeout=1", "--smtp", "SERVER"], server: { greeting: "silent" } }],
  ["by hand: an invalid server", { argv: ["--smtp", "a b"], input: "" }],
  ["--check: nobody listens", { argv: check("smtp://127.0.0.1:1") }],
  ["--check: silence", { argv: check("smtp://SERVER", "-S", "smtptimeout=1"), server: { greeting: "silent" } }],
  ["--check: not SMTP", { argv: check("smtp://SERVER"), server: { greeting: "hello" } }],
  ["--check: no TLS", { argv: check("smtp://SERVER", "-S", "starttls=required") }],
  ["--check: TLS on a port without", { argv: check("smtps://SERVER") }],
  ["--check: no login", { argv: check("smtp://me@SERVER", "-S", "starttls=none") }],
  [
    "--check: no password",
    { argv: check("smtp://me@SERVER", "-S", "starttls=none"), server: { EHLO: "250-x\r\n250 AUTH PLAIN" } },
  ],
  ["--check: an invalid setting", { argv: check("bogus:") }],
];

test.each(calls)("%s", async (_what, call) => {
  const [original, reworded] = await Promise.all([run(call, false), run(call, true)]);
  expect(reworded.decisions).toEqual(original.decisions);
  expect([original.words.includes(sentence), reworded.words.includes(sentence)]).toEqual([false, true]);
});
