/** Copies of what was sent: into the `record` file, and to the files and programs among the recipients. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Config } from "../../config/config.ts";
import { storeOptions } from "../../config/files.ts";
import { appendMessages } from "../../mailbox/append.ts";
import { fileMessage } from "../../mailbox/maildir/append.ts";
import { meansMaildir } from "../../mailbox/maildir/directory.ts";
import { asctime } from "../../message/date.ts";
import { toBytes } from "../../message/text.ts";
import { onAbort } from "../../submit/on-abort.ts";
import { named } from "../../system-error.ts";
import type { Built } from "../draft/body.ts";

/** Appends a message to a mailbox. @throws MailError when the file cannot be written, or the reason of the interrupt */
export async function recordMessage(
  config: Config,
  path: string,
  message: Built,
  date: Date,
  interrupt: AbortSignal,
): Promise<void> {
  if (meansMaildir(path)) {
    // Its author has seen it.
    await fileMessage(path, { sender: config.identity.user, date, message: message.pieces() }, "S");
    return;
  }
  await appendMessages(path, [copyForMbox(config, message, date)], { ...storeOptions(config), signal: interrupt });
}

/** Feeds a recipient `|command` the message through the shell. @throws MailError when there is none, or it can't be run */
export async function feedCommand(
  config: Config,
  command: string,
  copy: Iterable<Uint8Array>,
  interrupt: AbortSignal,
): Promise<void> {
  const shell = config.settings.get("SHELL");
  const child = spawn(shell, ["-c", command], { stdio: ["pipe", "inherit", "inherit"] });
  const closed = once(child, "close");
  pipeline(Readable.from(copy, { objectMode: false }), child.stdin).catch(() => {}); // it need not read
  const atEase = onAbort(interrupt, () => child.kill());
  try {
    // What it leaves running may keep its output open.
    await Promise.race([closed, aborted(interrupt)]);
  } catch (error) {
    throw named(shell, error);
  } finally {
    atEase();
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    onAbort(signal, () => reject(signal.reason));
  });
}

/** A message with its From_ line and the empty line behind it, `From ` in its body quoted. */
export function* copyForMbox(config: Config, message: Built, date: Date): Iterable<Buffer> {
  yield toBytes(`From ${config.identity.user} ${asctime(date)}\n`);
  let inHeader = true;
  /** What may be the start of a `From ` that the next piece goes on with. */
  let held = "";
  let last = "";
  for (const piece of message.pieces()) {
    let text = held + piece.toString("latin1");
    let header = "";
    if (inHeader) {
      const end = text.indexOf("\n\n") + 1;
      if (end === 0) {
        held = text;
        continue;
      }
      header = text.slice(0, end);
      text = text.slice(end);
      inHeader = false;
    }
    held = /(?:^|\n)(?:F|Fr|Fro|From)$/.exec(text)?.[0].trimStart() ?? "";
    const whole = held === "" ? text : text.slice(0, -held.length);
    const quoted = whole.replace(/^From /gm, (found, at: number) =>
      at > 0 || last === "" || last === "\n" ? `>${found}` : found,
    );
    last = whole.at(-1) ?? last;
    yield Buffer.from(header + quoted, "latin1");
  }
  yield Buffer.from(held + (held === "" && last === "\n" ? "\n" : "\n\n"), "latin1");
}
