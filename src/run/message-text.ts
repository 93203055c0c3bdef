/**
 * The text of a job's message: a summary of the run, followed by its output, or by the beginning and end of a long
 * output.
 */
import { closeSync, fstatSync, openSync } from "node:fs";
import { readRange } from "../mailbox/file-ranges.ts";
import { formatDateField } from "../message/format-field.ts";
import type { Run } from "./execute.ts";
import type { WaitingRun } from "./run-history.ts";

/**
 * The size in bytes of the largest output that is shown in full. If the output is larger, only its beginning and its
 * end are shown, and the output file is attached.
 */
const shownWhole = 96 << 10;
const shownFirst = 16 << 10;
const shownLast = 64 << 10;
/** The maximum number of bytes that one run contributes to a digest. */
const keptForDigest = 16 << 10;

/** Returns the exit code or signal in words. */
export function describeEnding({ code, signal }: Pick<Run, "code" | "signal">): string {
  return signal === null ? `exit ${code}` : `ended by ${signal}`;
}

/** Returns a duration in readable units, such as `1.5 s` or `2 h 3 min`. */
export function durationOf(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  return hours > 0 ? `${hours} h ${minutes % 60} min` : `${minutes} min ${Math.floor(seconds % 60)} s`;
}

/** Returns the pieces of the text, and whether part of the output was omitted. */
export function messageText(
  run: Run,
  shown: { readonly command: string; readonly host: string; readonly waiting: readonly WaitingRun[] },
): { readonly pieces: Uint8Array[]; readonly cut: boolean } {
  const { head, tail, left } = sliceEnds(run);
  const lines = [
    `Command:  ${shown.command}`,
    `Host:     ${shown.host}`,
    `Started:  ${formatDateField(run.started)}`,
    `Duration: ${durationOf(run.seconds)}`,
    `Status:   ${describeEnding(run)}`,
    `Output:   ${run.size === 0 ? "none" : `${run.size} bytes`}`,
    ...describeEarlierRuns(shown.waiting),
  ];
  const pieces: Uint8Array[] = [Buffer.from(`${lines.join("\n")}\n`)];
  if (run.size > 0) pieces.push(Buffer.from("\n"), endWithNewline(head));
  if (left > 0)
    pieces.push(
      Buffer.from(`\n[${left} bytes omitted; the complete output is attached as output.txt]\n\n`),
      endWithNewline(tail),
    );
  for (const { started, code, output } of shown.waiting) {
    if (output !== "")
      pieces.push(
        Buffer.from(`\n--- ${formatDateField(new Date(started))}, exit ${code}\n`),
        endWithNewline(Buffer.from(output, "latin1")),
      );
  }
  return { pieces, cut: left > 0 };
}

/** Describes the runs since the last message. */
function describeEarlierRuns(waiting: readonly WaitingRun[]): string[] {
  if (waiting.length === 0) return [];
  const rows = waiting.map(
    ({ started, seconds, code }) =>
      `  ${formatDateField(new Date(started))}: exit ${code} after ${durationOf(seconds)}`,
  );
  return ["", `Runs since the last message: ${waiting.length}`, ...rows];
}

/** For a digest, returns the end of a run's output as Latin-1 text, which JSON preserves. */
export function outputForDigest(run: Run): string {
  return readRunOutput(run, Math.max(0, run.size - keptForDigest), run.size).toString("latin1");
}

function sliceEnds(run: Run): { head: Buffer; tail: Buffer; left: number } {
  if (run.size <= shownWhole) return { head: readRunOutput(run, 0, run.size), tail: Buffer.alloc(0), left: 0 };
  const head = cutAfterLastLine(readRunOutput(run, 0, shownFirst));
  const tail = dropPartialLine(readRunOutput(run, run.size - shownLast, run.size));
  return { head, tail, left: run.size - head.length - tail.length };
}

function readRunOutput({ output }: Run, start: number, end: number): Buffer {
  const descriptor = openSync(output, "r");
  try {
    return readRange(descriptor, start, Math.min(end, fstatSync(descriptor).size));
  } finally {
    closeSync(descriptor);
  }
}

function cutAfterLastLine(bytes: Buffer): Buffer {
  const end = bytes.lastIndexOf(10);
  return end < 0 ? bytes : bytes.subarray(0, end + 1);
}

function dropPartialLine(bytes: Buffer): Buffer {
  const start = bytes.indexOf(10);
  return start < 0 ? bytes : bytes.subarray(start + 1);
}

function endWithNewline(bytes: Buffer): Buffer {
  return bytes.at(-1) === 10 ? bytes : Buffer.concat([bytes, Buffer.from("\n")]);
}
