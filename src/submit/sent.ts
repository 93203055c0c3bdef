/** What was sent last, for `mail --track`: a few lines in the state directory, the newest last. */
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { isSystemError } from "../system-error.ts";
import type { Envelope, Outcome, Outgoing } from "./transport.ts";

export interface Sent {
  /** ISO 8601. */
  readonly time: string;
  /** As `mta` would name it. */
  readonly way: string;
  readonly messageId: string | undefined;
  readonly queueId: string | undefined;
  readonly to: readonly string[];
}

/** Bytes; above that only the newest lines are kept. */
const mostBytes = 128 * 1024;
const keptLines = 200;

const fileOf = (directory: string) => join(directory, "sent");

/** Never fails: the message is on its way already. */
export async function remember(
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
    if (append(directory, path, `${JSON.stringify(sent)}\n`) <= mostBytes) return;
    const lines = readFileSync(path, "utf8").trimEnd().split("\n").slice(-keptLines);
    writeFileSync(`${path}.${process.pid}`, `${lines.join("\n")}\n`, { mode: 0o600 });
    renameSync(`${path}.${process.pid}`, path);
  } catch {
    // A full disk or a home that is not writable: then nothing is remembered.
  }
}

/** @returns the size of the file then */
function append(directory: string, path: string, line: string): number {
  let descriptor: number;
  try {
    descriptor = openSync(path, "a", 0o600);
  } catch (error) {
    if (!isSystemError(error) || error.code !== "ENOENT") throw error;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    descriptor = openSync(path, "a", 0o600);
  }
  try {
    writeSync(descriptor, line);
    return fstatSync(descriptor).size;
  } finally {
    closeSync(descriptor);
  }
}

/** The newest last; empty where nothing was sent. */
export function remembered(directory: string): Sent[] {
  let text: string;
  try {
    text = readFileSync(fileOf(directory), "utf8");
  } catch {
    return [];
  }
  return text.split("\n").flatMap((line) => {
    try {
      return line === "" ? [] : [JSON.parse(line) as Sent];
    } catch {
      return [];
    }
  });
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
