/** Checks whether node_modules contains the packages in package-lock.json, regardless of who ran `npm ci`. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Reads the packages in a lock file. @returns packages by path; none if the file cannot be read */
function packagesOf(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8")).packages ?? {};
  } catch {
    return {};
  }
}

/**
 * Returns whether the right version of every package in the lock file is installed.
 *
 * npm writes node_modules/.package-lock.json at the end of an installation. This file omits optional packages for other
 * processors and operating systems.
 *
 * @param root the directory that contains package-lock.json
 */
export function isInstalled(root) {
  const { "": _, ...wanted } = packagesOf(join(root, "package-lock.json"));
  const installed = packagesOf(join(root, "node_modules/.package-lock.json"));
  return Object.entries(wanted).every(([path, { version, integrity, optional }]) => {
    const found = installed[path];
    return found === undefined ? optional === true : found.version === version && found.integrity === integrity;
  });
}
