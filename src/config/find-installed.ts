/** Finds an installed program, which is used if no variable specifies a program. */
import { accessSync, constants, statSync } from "node:fs";
import { join } from "node:path";

/** Returns the first of the given names whose program is installed. Names without a slash are looked up in PATH. */
export function findInstalled(
  programs: readonly string[],
  path = process.env["PATH"] ?? "/usr/bin:/bin",
): string | undefined {
  const directories = path.split(":").filter((directory) => directory !== "");
  return programs.find((program) =>
    program.includes("/") ? isProgram(program) : directories.some((directory) => isProgram(join(directory, program))),
  );
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
