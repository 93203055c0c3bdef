/** What `npm run demo` and `npm test` do first: install and build what is missing or out of date, and nothing else. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { isInstalled } from "./installed.mjs";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/** Prints one line that names what is missing and ends the program with exit code 1. */
export function stop(what) {
  console.error(what);
  process.exit(1);
}

function newest(path) {
  const found = statSync(path);
  if (!found.isDirectory()) return found.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
}

function install() {
  if (isInstalled(root)) return;
  console.error("Installing packages (npm ci) ...");
  try {
    execFileSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: root, stdio: ["ignore", 2, 2] });
  } catch (error) {
    stop(error.code === "ENOENT" ? "npm is missing: apt-get install npm" : "npm ci failed; its reason stands above.");
  }
}

function compile() {
  const made = join(root, "dist/maild.cjs.cache");
  const sources = ["src", "man", "package-lock.json", "scripts/build.mjs", "scripts/parts.mjs", "bin/mail.js"].map(
    (name) => join(root, name),
  );
  if (existsSync(made) && statSync(made).mtimeMs >= Math.max(...sources.map(newest))) return;
  execFileSync(process.execPath, [join(root, "scripts/build.mjs")], { cwd: root, stdio: ["ignore", 2, 2] });
}

export function ready() {
  const [major] = process.versions.node.split(".");
  if (Number(major) < 20) stop(`Node 20 or newer is needed; this is ${process.version}.`);
  // swc unpacks its binary there instead of in the user's ~/.cache.
  process.env.SWC_NATIVE_BINDING_CACHE ??= join(root, "node_modules/.cache/swc");
  install();
  compile();
}
