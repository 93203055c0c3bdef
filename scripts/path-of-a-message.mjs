/**
 * Counts the files and calls on two paths: from the command line to the socket, and from the command line to the
 * mailbox.
 *
 * The program is run from its sources, one module per file. The script prints how many files in src/ contain a function
 * that runs before the message or the mailbox has been written. The number of loaded files is also printed, and so is
 * the depth of the call stack, including asynchronous calls. Functions that run only while a module is being
 * initialized are not counted. The depth is measured when the socket is opened or written to, or when the mailbox is
 * written. Calls within Node and packages are not counted. `--list` also prints the calls and the files. Files that are
 * loaded, but are not on the path, are in brackets.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/**
 * Runs inside the program. Records the stack at each call that accesses the socket or the mailbox, and the functions
 * that have run so far.
 */
function observe(source, mailbox, report) {
  const fs = require("node:fs");
  const { Session } = require("node:inspector");
  const Module = require("node:module");
  const net = require("node:net");
  const { href } = require("node:url").pathToFileURL(source);
  Error.stackTraceLimit = Number.POSITIVE_INFINITY;
  const profiler = new Session();
  const profile = (method, options) => {
    let answer;
    profiler.post(`Profiler.${method}`, options, (error, result) => {
      if (error) throw error;
      answer = result;
    });
    return answer;
  };
  profiler.connect();
  profile("enable");
  profile("startPreciseCoverage", { callCount: true, detailed: false });
  const used = new Set();
  let soFar = [];
  /**
   * Returns whether the range is that of one of the module's own functions. The module itself and the export
   * functions that esbuild generates are excluded.
   */
  const isOwnFunction = (text, { startOffset, endOffset }) =>
    startOffset > text.indexOf("module.exports = __toCommonJS(") && endOffset < text.length;
  /** Adds the files that contain the functions called since the last stack was recorded. */
  const collectCalls = () => {
    for (const { url, functions } of profile("takePreciseCoverage").result) {
      const path = url.replace("file://", "");
      if (!path.startsWith(source) || used.has(path)) continue;
      const text = fs.readFileSync(path, "utf8");
      const isUsed = functions.some(({ ranges: [range] }) => range.count > 0 && isOwnFunction(text, range));
      if (isUsed) used.add(path);
    }
  };
  // Functions that only initialize a module, such as those that fill its tables, are not part of the path.
  const { _compile: compile } = Module.prototype;
  let depth = 0;
  Module.prototype._compile = function (...values) {
    if (depth === 0) collectCalls();
    depth++;
    try {
      return compile.apply(this, values);
    } finally {
      depth--;
      if (depth === 0) profile("takePreciseCoverage");
    }
  };
  let deepest = [];
  const note = () => {
    collectCalls();
    soFar = [...used];
    // Node 26 names a module by its URL.
    const lines = new Error().stack.split("\n").map((line) => line.replace(href, source));
    const stack = lines.filter((line) => line.includes(source));
    if (stack.length > deepest.length) deepest = stack.map((line) => line.trim().replace(source, ""));
  };
  let isSent = false;
  const wrap = (owner, name, isMeant) => {
    const original = owner[name];
    owner[name] = function (...values) {
      if (!isSent && isMeant(this, values)) note();
      if (mailbox === "" && name === "write") isSent ||= /(^|\n)[.]\r\n$/.test(String(values[0]));
      return original.apply(this, values);
    };
  };
  const isMailbox = (_self, [descriptor]) => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${descriptor}`) === mailbox;
    } catch {
      return false;
    }
  };
  for (const name of ["connect", "write"]) {
    wrap(net.Socket.prototype, name, (socket) => mailbox === "" && (name === "connect" || socket.remotePort > 0));
  }
  for (const name of ["write", "writeSync", "writev", "writevSync", "ftruncateSync", "ftruncate"]) {
    wrap(fs, name, isMailbox);
  }
  process.on("exit", () => {
    const files = Object.keys(require.cache).filter((path) => path.startsWith(source));
    const namesOf = (paths) => paths.map((path) => path.slice(source.length)).sort();
    fs.writeFileSync(report, JSON.stringify({ loaded: namesOf(files), used: namesOf(soFar), calls: deepest }));
  });
  require(`${source}mail.ts`).start();
}

async function transpile(directory) {
  const names = readdirSync(join(root, "src"), { recursive: true }).filter((name) => /^(?!.*\.d).*\.ts$/.test(name));
  await build({
    entryPoints: names.map((name) => join(root, "src", name)),
    outdir: join(directory, "src"),
    outbase: join(root, "src"),
    outExtension: { ".js": ".ts" },
    format: "cjs",
    platform: "node",
    target: "node20",
    supported: { "dynamic-import": false },
    // src/version.ts reads package.json, which is beside src/. A CommonJS copy of src/version.ts cannot find
    // package.json.
    define: { "import.meta.url": JSON.stringify(pathToFileURL(join(root, "src/version.ts")).href) },
  });
  writeFileSync(join(directory, "package.json"), '{ "type": "commonjs" }\n');
  symlinkSync(join(root, "node_modules"), join(directory, "node_modules"));
}

function smtpServer() {
  const replies = { EHLO: "250-test\r\n250-PIPELINING\r\n250 8BITMIME", DATA: "354 go on", QUIT: "221 bye" };
  return createServer((socket) => {
    let rest = "";
    let isMessage = false;
    socket.on("error", () => {});
    socket.write("220 test ESMTP\r\n");
    socket.setEncoding("latin1").on("data", (piece) => {
      const lines = (rest + piece).split("\r\n");
      rest = lines.pop();
      for (const line of lines) {
        if (isMessage && line !== ".") continue;
        isMessage = line === "DATA";
        socket.write(`${replies[line.slice(0, 4)] ?? "250 ok"}\r\n`);
      }
    });
  });
}

async function measure(directory, { argv, input, mailbox = "", variables = {} }) {
  const home = mkdtempSync(join(directory, "home-"));
  const box = mailbox === "" ? "" : join(home, "box");
  if (box !== "") writeFileSync(box, mailbox);
  const report = join(home, "report.json");
  const source = `${join(directory, "src")}/`;
  const call = `(${observe})(${JSON.stringify(source)}, ${JSON.stringify(box)}, ${JSON.stringify(report)})`;
  const main = join(directory, `${process.pid}-main.js`);
  writeFileSync(main, call);
  const child = spawn(process.execPath, [main, "-n", ...argv], {
    cwd: home,
    env: { PATH: process.env.PATH, HOME: home, USER: "ana", MAIL: box, LC_ALL: "C.UTF-8", TZ: "UTC", ...variables },
    stdio: ["pipe", "ignore", "inherit"],
  });
  child.stdin.end(input);
  const [exit] = await once(child, "close");
  if (exit !== 0) throw new Error(`mail ${argv.join(" ")}: exit code ${exit}`);
  return JSON.parse(readFileSync(report, "utf8"));
}

const directory = mkdtempSync(join(tmpdir(), "mail-path-"));
const server = smtpServer();
try {
  mkdirSync(join(directory, "src"));
  await transpile(directory);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const mta = `smtp://127.0.0.1:${server.address().port}`;
  const message = (number) => `From a@x Sat Jan 16 18:22:0${number} 2021\nFrom: a@x\nSubject: ${number}\n\ntext\n\n`;
  const flows = [
    ["argv to the socket", { argv: ["-s", "s", "a@x.org"], variables: { mta }, input: "text\n" }],
    ["d 1-3 and q to the mailbox", { argv: [], input: "d 1-3\nq\n", mailbox: [1, 2, 3, 4].map(message).join("") }],
  ];
  for (const [name, flow] of flows) {
    const { loaded, used, calls } = await measure(directory, flow);
    process.stdout.write(`${name}: ${used.length} files of ${loaded.length} loaded files, ${calls.length} calls\n`);
    if (!process.argv.includes("--list")) continue;
    const only = loaded.filter((path) => !used.includes(path)).map((path) => `(${path})`);
    process.stdout.write(`  ${[...used, ...only, ...calls].join("\n  ")}\n`);
  }
} finally {
  server.close();
  rmSync(directory, { recursive: true, force: true });
}
