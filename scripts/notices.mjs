/** Collects the licences of the bundled packages, which must accompany every copy. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

function packageOf(path) {
  let directory = dirname(path);
  // Some package.json files inside a package have no version. Such files only set the type of modules.
  while (!existsSync(join(directory, "package.json")) || manifestOf(directory).version === undefined)
    directory = dirname(directory);
  return directory;
}

function manifestOf(directory) {
  return JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
}

/** Returns the licences of the packages that contain these files. */
export function noticesOf(files) {
  const notices = [...new Set(files.map(packageOf))].map((directory) => {
    const { name, version, license } = manifestOf(directory);
    const file = readdirSync(directory).find((each) => /^licen[cs]e/i.test(each));
    if (file === undefined) throw new Error(`${directory}: no licence; see scripts/notices.mjs`);
    return `${name} ${version} (${license})\n\n${readFileSync(join(directory, file), "utf8").trim()}\n`;
  });
  return `What the programs have of others, and its licences.\n\n${notices.sort().join(`\n${"-".repeat(78)}\n\n`)}`;
}
