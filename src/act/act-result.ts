/** Prints the result of an action for one message, as text or JSON. */
import type { RequestedAct } from "../cli/command-line.ts";
import { formatJson, makeVisible } from "../message/safe-text.ts";
import { schemaVersion } from "../read/without-session/json-line.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { formatPlan, type Plan } from "./planned-message.ts";
import { dryRun, type toOutcome } from "./submission-result.ts";

export type ActKind = Exclude<RequestedAct["kind"], "part">;

/** The result of an action for one message. act/schemas.ts declares its JSON form. */
export interface ActResult {
  readonly id: string;
  readonly done: boolean;
  /** The reason why nothing was done: dryRun, "gone" or an error's reason. */
  readonly reason: string | null;
  /** The absolute path of the target folder or directory, or the requested mark. */
  readonly to: string | null;
  readonly files?: readonly string[];
  readonly recipients?: readonly string[];
  /** The outcome of a submitted message. */
  readonly submission?: ReturnType<typeof toOutcome>;
  /** In a dry run: the message that would be sent. */
  readonly plan?: Plan;
}

const past: Readonly<Record<ActKind, string>> = {
  delete: "deleted",
  move: "moved",
  copy: "copied",
  mark: "marked",
  "save-parts": "saved",
  resend: "resent",
  reply: "replied",
  forward: "forwarded",
};

/** Prints results, one per line. */
export function printResults(terminal: Terminal, act: ActKind, results: readonly ActResult[], json: boolean): void {
  for (const result of results) terminal.out(json ? formatAsJson(act, result) : formatAsText(act, result));
}

function formatAsJson(act: ActKind, { id, done, reason, to, ...more }: ActResult): string {
  return `${formatJson({ version: schemaVersion, act, id, done, reason, to, ...more })}\n`;
}

/** Returns a line such as `ID: moved to /home/ann/old` or `ID: not moved to /home/ann/old: gone`. */
function formatAsText(act: ActKind, { id, done, reason, to, files, recipients, plan }: ActResult): string {
  const target = to ?? recipients?.join(", ");
  const place = target === undefined ? "" : ` ${act === "mark" ? "as" : "to"} ${target}`;
  const saved = files === undefined ? "" : files.map((file) => `\n  ${file}`).join("");
  const planned = plan === undefined ? "" : formatPlan(plan);
  const why = reason === null ? "" : `: ${reason}`;
  const isDryRun = reason === dryRun;
  const verb = done ? past[act] : `${isDryRun ? "would be" : "not"} ${past[act]}`;
  const lines = `${id}: ${verb}${place}${isDryRun ? "" : why}${saved}${planned}`;
  return `${lines.split("\n").map(makeVisible).join("\n")}\n`;
}
