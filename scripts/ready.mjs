/** Installs and builds missing or outdated files before `npm run demo` and `npm test`. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { isInstalled } from "./installed.mjs";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/** Prints a one-line message and exits with code 1. */
export function stop(what) {
  console.error(what);
  process.exit(1);
}

/** Returns the modification time of a file, or of the newest file in a directory, in milliseconds. */
function newest(path) {
  const found = statSync(path);
  if (!found.isDirectory()) return found.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
}

/** npm's error codes for files that changed during the installation. */
const disturbed = ["ENOENT", "ENOTEMPTY", "EEXIST", "ENOTDIR", "EBUSY"];
/** npm's error codes for a registry that cannot be reached. */
const unreachable = [
  ...["ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH", "EHOSTUNREACH"],
  ...["ERR_SOCKET_TIMEOUT", "EIDLETIMEOUT"],
];

/** Runs npm ci. Returns undefined after success, otherwise npm's error code or "interrupted". */
function runNpmCi() {
  const argv = ["ci", "--json", "--no-audit", "--no-fund", "--loglevel=error"];
  const { error, status, signal, stdout } = spawnSync("npm", argv, { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
  if (error?.code === "ENOENT") stop("npm is missing: apt-get install npm");
  if (isInstalled(root)) return undefined;
  // After Ctrl-C, npm exits with 0.
  if (signal !== null || status === 0 || status > 128) return "interrupted";
  try {
    return JSON.parse(stdout.toString()).error.code;
  } catch {
    return "unknown";
  }
}

function install() {
  if (isInstalled(root)) return;
  console.error("Installing packages (npm ci) ...");
  // After Ctrl-C, npm removes the files that it has installed. The shell's prompt returns only afterwards, so that a
  // second npm ci does not run at the same time.
  const wait = () => {};
  process.on("SIGINT", wait);
  let code = runNpmCi();
  if (disturbed.includes(code)) {
    console.error("Another npm ci may have been running; trying once more ...");
    sleep(10_000);
    code = runNpmCi();
  }
  process.off("SIGINT", wait);
  if (code === "interrupted") process.exit(130);
  if (unreachable.includes(code)) {
    stop(`npm ci failed: the package registry cannot be reached (${code}); connect to the network and run this again`);
  }
  if (code !== undefined) stop("npm ci failed; see its messages above.");
}

/** Blocks for the given time. */
function sleep(milliseconds) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/** Names in the top-level directory that are not sources of the build. */
const notBuilt = /^(\.|dist$|node_modules$|test$)|\.md$/;

/** Returns whether dist/ is newer than all its sources, and its code cache matches this version of Node. */
function isBuilt() {
  const dist = join(root, "dist");
  const last = join(dist, "completions");
  if (!existsSync(last)) return false;
  const sources = readdirSync(root).filter((name) => !notBuilt.test(name));
  if (statSync(last).mtimeMs < Math.max(...sources.map((name) => newest(join(root, name))))) return false;
  return createRequire(import.meta.url)("../bin/mail.js")(dist).isCached("maild");
}

function compile() {
  if (isBuilt()) return;
  execFileSync(process.execPath, [join(root, "scripts/build.mjs")], { cwd: root, stdio: ["ignore", 2, 2] });
}

export function ready() {
  const [major] = process.versions.node.split(".");
  if (Number(major) < 20) stop(`Node 20 or newer is needed; this is ${process.version}.`);
  // With this variable, swc unpacks its binary in node_modules instead of in the user's ~/.cache.
  process.env.SWC_NATIVE_BINDING_CACHE ??= join(root, "node_modules/.cache/swc");
  install();
  compile();
}
