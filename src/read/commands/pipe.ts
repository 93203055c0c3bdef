/** The pipe and | commands, which pipe messages into a shell command. */
import { spawn } from "node:child_process";
import type { Writable } from "node:stream";
import { waitForExit } from "../../compose/typing/child.ts";
import type { Part } from "../../message/view/part.ts";
import { addPathToError } from "../../system-error.ts";
import { selectMessages } from "../message-list/message-list.ts";
import { queryLength } from "../query/query-words.ts";
import { type Command, declareCommand, type Takes } from "../session/command.ts";
import { makeCurrent, showAsCurrent } from "../session/cursor.ts";
import type { Session } from "../session/session.ts";
import { partsForm, partsOf } from "../show/part-files.ts";
import { formatShownPieces } from "../show/print-message.ts";

interface ListAndCommand {
  readonly messages: readonly number[];
  readonly line: string;
  /** The parts of each message to decode and pipe; undefined if the entire messages are piped. */
  readonly parts?: string;
}

/**
 * Matches a message list that precedes a shell command. Unless the list is a query, it ends before the first word other
 * than a number, a range or :letter. The shell command's own options are therefore not mistaken for part of the list.
 * As in bsd-mailx, a first word that begins with a digit is treated as a number, regardless of the characters that
 * follow.
 */
const listWords = /^(?:[ \t]*(?:[-+]+|\*|:[a-z]+|(?:\d+|[$^.])(?:-(?:\d+|[$^.])?)?)(?=[ \t]|$))*/;

const firstNumber = /^[ \t]*(\d+(?:-\d+)?)[^ \t]*/;

const takesListAndCommand: Takes<ListAndCommand> = {
  synopsis: "[msglist] command",
  parse: async (session, text) => {
    const form = partsForm(text);
    const rest = form?.rest ?? text;
    const begun = rest.slice(0, queryLength(rest)) || (listWords.exec(rest)?.[0] ?? "");
    const [first = "", list = begun] = (begun === "" && firstNumber.exec(rest)) || [begun, begun];
    const line = rest.slice(first.length).trim();
    if (line === "") return undefined;
    const messages = await selectMessages(session, list, { keepsModifiers: list.trim() === "" });
    return messages === undefined ? undefined : { messages, line, ...(form && { parts: form.parts }) };
  },
};

/**
 * Pipes messages into a command. As in bsd-mailx, a non-zero exit code does not end the processing of a sourced file
 * unless errexit is set.
 */
async function pipeMessages(session: Session, { messages, line, parts }: ListAndCommand): Promise<boolean> {
  const { folder, terminal, config } = session;
  if (folder === undefined) return true;
  const shell = config.settings.get("SHELL");
  const { mailbox } = folder;
  // A missing part is reported before the command is run.
  if (parts !== undefined) {
    for await (const { messages: opened, stored } of mailbox.openMessages(messages, "text"))
      for (const message of opened) await partsOf(stored, message, parts);
  }
  await terminal.flush();
  return terminal.lend(async () => {
    try {
      const child = spawn(shell, ["-c", line], { stdio: ["pipe", "inherit", "inherit"] });
      const ended = waitForExit(child, terminal);
      // If the shell cannot be started, the error is reported below, after the loop.
      ended.catch(() => {});
      // A command may exit before it has read all its input.
      child.stdin.on("error", () => {});
      const need = parts === undefined ? "whole" : "text";
      for await (const { messages: opened, stored } of mailbox.openMessages(messages, need)) {
        for (const message of opened) {
          showAsCurrent(folder, message);
          makeCurrent(folder, message);
          const pieces =
            parts === undefined
              ? formatShownPieces(stored, message)
              : await decodeParts(await partsOf(stored, message, parts));
          for (const piece of pieces) await writeAndWait(child.stdin, piece);
        }
      }
      child.stdin.end();
      const { code } = await ended;
      return code === 0 || !config.settings.get("errexit");
    } catch (error) {
      throw addPathToError(shell, error);
    }
  });
}

async function decodeParts(parts: readonly Part[]): Promise<Iterable<Uint8Array>> {
  const { decodeInPieces } = await import("../../message/view/transfer-decoding.ts");
  return (function* () {
    for (const part of parts) yield* decodeInPieces(part);
  })();
}

async function writeAndWait(input: Writable, piece: Uint8Array): Promise<void> {
  if (input.destroyed || input.write(piece)) return;
  await new Promise<void>((resolve) => {
    const go = () => {
      input.off("drain", go).off("close", go);
      resolve();
    };
    input.on("drain", go).on("close", go);
  });
}

export const pipeCommands: readonly Command[] = [
  declareCommand({
    name: "pipe",
    synonyms: ["|"],
    task: "change",
    takes: takesListAndCommand,
    summary: "Pipe messages into a shell command.",
    example: "pipe 2 wc -l",
    barred: ["sending"],
    run: pipeMessages,
  }),
];
