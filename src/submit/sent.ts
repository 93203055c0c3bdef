/** The recently sent messages, for `mail --track`: a few lines in the state directory, newest last. */
import { closeSync, constants, fstatSync, writeSync } from "node:fs";
import { join } from "node:path";
import {
  makePrivateDirectory,
  NotTrusted,
  openPrivateFile,
  readJsonLines,
  readPrivateFile,
  readTrusted,
  replacePrivateFile,
  reportDistrust,
} from "../private-file.ts";
import type { Envelope, Outcome, Outgoing } from "./transport.ts";

export interface Sent {
  /** In ISO 8601 format. */
  readonly time: string;
  /** The transport, in the form that the `mta` variable accepts. */
  readonly way: string;
  readonly messageId: string | undefined;
  readonly queueId: string | undefined;
  readonly to: readonly string[];
}

/** The maximum size of the file in bytes. A larger file is reduced to its newest lines. */
const mostBytes = 128 * 1024;
const keptLines = 200;

const fileOf = (directory: string) => join(directory, "sent");

/** Records a sent message. An error is ignored, because the message has been sent. */
export async function rememberSent(
  directory: string,
  { way, envelope, outcome, message }: { way: string; envelope: Envelope; outcome: Outcome; message: Outgoing },
): Promise<void> {
  if (outcome.accepted.length === 0) return;
  const sent: Sent = {
    time: new Date().toISOString(),
    way,
    messageId: message.messageId ?? (await messageIdOf(message)),
    queueId: outcome.queueId,
    to: envelope.to.slice(0, 100),
  };
  try {
    const path = fileOf(directory);
    if (appendSentLine(directory, path, `${JSON.stringify(sent)}\n`) > mostBytes) dropOldLines(path);
  } catch (error) {
    // The disk is full or the home directory is not writable. Nothing is recorded.
    if (error instanceof NotTrusted) reportDistrust(error);
  }
}

function dropOldLines(path: string): void {
  const lines = readPrivateFile(path).toString("utf8").trimEnd().split("\n").slice(-keptLines);
  replacePrivateFile(path, [Buffer.from(`${lines.join("\n")}\n`)]);
}

/** Appends a line and returns the new size of the file. */
function appendSentLine(directory: string, path: string, line: string): number {
  makePrivateDirectory(directory);
  const descriptor = openPrivateFile(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT);
  try {
    writeSync(descriptor, line);
    return fstatSync(descriptor).size;
  } finally {
    closeSync(descriptor);
  }
}

/** Returns the recently sent messages, newest last. */
export function readSent(directory: string): Sent[] {
  const text = readTrusted(fileOf(directory))?.toString("utf8") ?? "";
  return readJsonLines(text).filter(isSent);
}

function isSent(value: object): value is Sent {
  const { time, way, to } = value as Partial<Sent>;
  return typeof time === "string" && typeof way === "string" && Array.isArray(to);
}

async function messageIdOf(message: Outgoing): Promise<string | undefined> {
  let header = "";
  try {
    for await (const piece of message.open()) {
      header += Buffer.from(piece).toString("latin1");
      if (/\n\r?\n/.test(header) || header.length > 1024 * 1024) break;
    }
  } catch {
    return undefined;
  }
  const end = header.search(/\n\r?\n/);
  return /^Message-ID:\s*(<[^>\r\n]+>)/im.exec(end < 0 ? header : header.slice(0, end + 1))?.[1];
}
