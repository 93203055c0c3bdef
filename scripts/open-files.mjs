/** Lists the files that a process has open. */
import { readdirSync, readlinkSync } from "node:fs";

/** Returns the targets of a process's descriptors: paths, and texts such as `socket:[12345]`. */
export function listOpenFiles(pid) {
  const directory = `/proc/${pid}/fd`;
  return readdirSync(directory).flatMap((descriptor) => {
    try {
      return [readlinkSync(`${directory}/${descriptor}`)];
    } catch {
      return []; // The file has been closed.
    }
  });
}
