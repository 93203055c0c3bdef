/** The pager program: what it is told, and whether it shows colours. */
import { spawn } from "node:child_process";

type Environment = Readonly<Record<string, string | undefined>>;

/** What `sh -c` ends with when there is no such program. */
const notFound = 127;

/** Bytes that are written at once, more than a window shows. */
const enough = 16 << 10;

/** Where the user has not said otherwise: less ends by itself when all fits, and lets colours through. */
const preset: Environment = { LESS: "FRX", LV: "-c" };
/** more breaks no lines then: it takes what sets a colour for text that needs room. */
const presetForColours: Environment = { ...preset, MORE: "-f" };

function programOf(pager: string): string {
  return /^\s*(?:\S*\/)?([^\s/]+)/.exec(pager)?.[1] ?? "";
}

/** Returns whether the pager passes colours on and shows no escape sequences for them. */
export function showsColour(pager: string, environment: Environment): boolean {
  const program = programOf(pager);
  const { LESS = "", MORE = "" } = { ...presetForColours, ...environment };
  if (program === "more") return /f/.test(MORE) || /\s-\w*f/.test(pager);
  if (program === "less") return /r/i.test(LESS) || /\s-\w*r/i.test(pager);
  return ["lv", "bat", "batcat", "cat"].includes(program);
}

/** Returns whether lines are to be broken before the pager has them. */
export function needsFolding(pager: string, environment: Environment): boolean {
  return programOf(pager) === "more" && environment["MORE"] === undefined;
}

/**
 * Runs the pager and gives it the groups of pieces, as fast as it takes them, until it has ended.
 *
 * @param coloured so that the pager must let colours through
 * @returns false when there is no such program
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

/** Text in many colours is many small pieces, and each would be a write. */
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
