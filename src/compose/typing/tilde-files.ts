/** Escapes that insert a file or a command's output into the message, or write the message to a file. */
import { createReadStream } from "node:fs";
import { stat, writeFile } from "node:fs/promises";
import { expandFileName } from "../../config/paths.ts";
import { UserMistake } from "../../errors.ts";
import { countLineFeeds } from "../../mailbox/line-buffer.ts";
import { runInterruptibly } from "../../submit/interrupt.ts";
import { Interrupted } from "../../submit/submission-errors.ts";
import { addPathToError, isSystemError } from "../../system-error.ts";
import { describeFailedExit, runShell } from "./child.ts";
import type { Composing } from "./tilde-escape.ts";

/** Inserts a file or, for `~r !command` and `~<!command`, the output of a command (POSIX mailx). */
export async function readFileOrCommand(composing: Composing, name: string): Promise<void> {
  if (name === "") throw new UserMistake("Interpolate what file?");
  if (name.startsWith("!")) return readCommandOutput(composing, name.slice(1));
  await readIntoDraft(composing, expandFileName(composing, name));
}

/**
 * Appends a file to the draft and prints its size, as bsd-mailx does.
 *
 * @throws MailError naming the file if it cannot be read
 */
export async function readIntoDraft(composing: Composing, path: string): Promise<void> {
  const { terminal, draft } = composing;
  try {
    const about = await stat(path);
    if (about.isDirectory()) throw new UserMistake(`${path}: Directory`);
    let [lines, bytes, last] = [0, 0, 10];
    const take = (piece: Buffer) => {
      draft.body.append(piece);
      lines += countLineFeeds(piece);
      bytes += piece.length;
      last = piece.at(-1) ?? last;
    };
    if (about.isFile()) await readFile(composing, path, take);
    else take(await readSpecial(composing, path));
    if (last !== 10) take(Buffer.from("\n"));
    terminal.out(`"${path}" ${lines}/${bytes}\n`);
  } catch (error) {
    throw addPathToError(path, error);
  }
}

/** Appends a file. If an interrupt cancels the insertion, the message is restored. */
function readFile({ terminal, draft }: Composing, path: string, take: (piece: Buffer) => void): Promise<void> {
  const before = draft.body.size;
  return runInterruptibly(terminal, async (signal) => {
    try {
      for await (const piece of createReadStream(path, { signal })) take(piece as Buffer);
    } catch (error) {
      draft.body.cut(before);
      throw signal.aborted ? new Interrupted(path) : error;
    }
  });
}

/**
 * Returns the content of a pipe or device. The file may be a named pipe that never gets a writer, so it is read by cat,
 * which an interrupt can end. The shell is replaced by cat (exec); otherwise, the shell could miss the interrupt and
 * wait for cat.
 */
async function readSpecial({ config, terminal }: Composing, path: string): Promise<Buffer> {
  const { code, output } = await runShell(
    config,
    terminal,
    `exec cat -- '${path.replaceAll("'", "'\\''")}'`,
    Buffer.alloc(0),
  );
  terminal.out(describeFailedExit(code));
  return output;
}

async function readCommandOutput({ config, terminal, draft }: Composing, line: string): Promise<void> {
  const { code, output } = await runShell(config, terminal, line, Buffer.alloc(0));
  terminal.out(describeFailedExit(code));
  draft.body.append(output);
  if (!draft.body.facts.ended) draft.body.append(Buffer.from("\n"));
  terminal.out(`"!${line}" ${countLineFeeds(output)}/${output.length}\n`);
}

/** Writes the draft's text to a file (`~w`) and prints its size. */
export async function writeBody(composing: Composing, name: string): Promise<void> {
  const { terminal, draft } = composing;
  if (name === "") throw new UserMistake("Write what file!?", { form: "bare" });
  const path = expandFileName(composing, name);
  terminal.out(`"${path}" `);
  const text = draft.body.bytes();
  try {
    await writeFile(path, text, { flag: "wx", mode: 0o600 });
  } catch (error) {
    if (isSystemError(error) && error.code === "EEXIST") throw new UserMistake("File exists", { form: "bare" });
    throw addPathToError("fopen", error);
  }
  terminal.out(`${countLineFeeds(text)}/${text.length}\n`);
}
