/** Copies of what was sent: into the `record` file, and to the files and programs among the recipients. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Config } from "../config/config.ts";
import { storeOptions } from "../config/files.ts";
import { appendMessages } from "../mailbox/append.ts";
import { asctime } from "../message/date.ts";
import { toBytes } from "../message/text.ts";
import { fileName } from "./file-names.ts";

/** Appends a message to a mailbox, with its From_ line. @throws MailError when the file cannot be written */
export async function recordMessage(config: Config, file: string, message: Buffer, date: Date): Promise<void> {
  const path = fileName(config, file);
  await appendMessages(path, [mboxForm(config, message, date)], storeOptions(config));
}

/** Feeds a recipient `|command` the message through the shell. */
export async function feedCommand(config: Config, command: string, message: Buffer, date: Date): Promise<void> {
  const shell = config.settings.get("SHELL");
  const child = spawn(shell, ["-c", command], { stdio: ["pipe", "inherit", "inherit"] });
  child.stdin.on("error", () => {}); // it need not read
  child.stdin.end(Buffer.concat(mboxForm(config, message, date)));
  await once(child, "close");
}

function mboxForm(config: Config, message: Buffer, date: Date): Buffer[] {
  const header = message.indexOf("\n\n") + 1;
  const quoted = Buffer.from(
    message
      .subarray(header)
      .toString("latin1")
      .replace(/^From /gm, ">From "),
    "latin1",
  );
  const end = quoted.at(-1) === 10 ? "\n" : "\n\n";
  const fromLine = toBytes(`From ${config.identity.user} ${asctime(date)}\n`);
  return [fromLine, message.subarray(0, header), quoted, Buffer.from(end)];
}
