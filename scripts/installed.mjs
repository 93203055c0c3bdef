/** Whether node_modules holds the packages of package-lock.json, whoever ran `npm ci`. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** @returns the packages of a lock file by their paths; none if it cannot be read */
function packagesOf(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8")).packages ?? {};
  } catch {
    return {};
  }
}

/**
 * Returns whether every package of the lock file is installed in its version.
 *
 * npm writes node_modules/.package-lock.json at the end of an installation. It does not list the optional packages for
 * other processors and systems.
 *
 * @param root the folder of package-lock.json
 */
export function isInstalled(root) {
  const { "": _, ...wanted } = packagesOf(join(root, "package-lock.json"));
  const installed = packagesOf(join(root, "node_modules/.package-lock.json"));
  return Object.entries(wanted).every(([path, { version, integrity, optional }]) => {
    const found = installed[path];
    return found === undefined ? optional === true : found.version === version && found.integrity === integrity;
  });
}
