/** Runs the pager program: sets its environment and determines whether it shows colours. */
import { spawn } from "node:child_process";
import { realpathSync } from "node:fs";
import { basename } from "node:path";

type Environment = Readonly<Record<string, string | undefined>>;

/** The exit code of `sh -c` if the program does not exist. */
const notFound = 127;

/** The number of bytes per write. A window holds fewer. */
const enough = 16 << 10;

/** The default options for pagers. less(1) then passes colours through, and exits if the text fits on the screen. */
const preset: Environment = { LESS: "FRX", LV: "-c" };
/**
 * With this option, more(1) does not break lines. By default, more(1) breaks coloured lines too early, because it
 * counts colour sequences as text.
 */
const presetForColours: Environment = { ...preset, MORE: "-f" };

/** Returns the name of the pager program. On Debian, `pager` is a link to the preferred pager. */
function programOf(pager: string): string {
  const path = /^\s*(\S+)/.exec(pager)?.[1] ?? "";
  return basename(basename(path) === "pager" ? resolveLinks(path) : path);
}

function resolveLinks(path: string): string {
  try {
    return realpathSync(path.includes("/") ? path : `/usr/bin/${path}`);
  } catch {
    return path;
  }
}

/** Returns whether the pager passes colours through instead of showing their escape sequences. */
export function showsColour(pager: string, environment: Environment): boolean {
  const program = programOf(pager);
  const { LESS = "", MORE = "" } = { ...presetForColours, ...environment };
  if (program === "more") return /f/.test(MORE) || /\s-\w*f/.test(pager);
  if (program === "less") return /r/i.test(LESS) || /\s-\w*r/i.test(pager);
  return ["lv", "bat", "batcat", "cat"].includes(program);
}

/** Returns whether lines must be broken before they are passed to the pager. */
export function needsFolding(pager: string, environment: Environment): boolean {
  return programOf(pager) === "more" && environment["MORE"] === undefined;
}

/**
 * Runs the pager, and writes the groups of pieces as fast as the pager reads them. Stops when the pager exits.
 *
 * @param coloured whether the pager must pass colours through
 * @returns false if the program does not exist
 */
export async function feedPager(
  pager: string,
  groups: AsyncIterable<Iterable<Buffer>>,
  coloured: boolean,
): Promise<boolean> {
  const child = spawn("/bin/sh", ["-c", pager], {
    stdio: ["pipe", "inherit", "inherit"],
    env: { ...(coloured ? presetForColours : preset), ...process.env },
  });
  let open = true;
  let wake = () => {};
  const shut = () => {
    open = false;
    wake();
  };
  const ended = new Promise<number | null>((resolve) => {
    child.on("error", () => resolve(notFound));
    child.on("close", resolve);
  });
  void ended.then(shut);
  child.stdin.on("error", shut);
  child.stdin.on("drain", () => wake());
  feeding: for await (const pieces of groups) {
    for (const piece of joinBuffers(pieces)) {
      if (!open) break feeding;
      if (child.stdin.write(piece)) continue;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
  child.stdin.end();
  return (await ended) !== notFound;
}

/**
 * Joins small buffers. Text in many colours consists of many small pieces, each of which would otherwise be written
 * separately.
 */
function* joinBuffers(pieces: Iterable<Buffer>): Iterable<Buffer> {
  let waiting: Buffer[] = [];
  let size = 0;
  for (const piece of pieces) {
    waiting.push(piece);
    size += piece.length;
    if (size < enough) continue;
    yield Buffer.concat(waiting);
    waiting = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(waiting);
}
