/** Describes a message's life as text, and determines the exit code. */
import { Exit, type ExitCode } from "../errors.ts";
import type { LogEvent } from "./event.ts";
import { countUnheard, type Fate, type Life, listFates } from "./life.ts";
import type { Found } from "./search.ts";

/** Returns a message's events, one per line. These events are followed by the events under the message's later IDs. */
export function describeLife(found: Found): string[] {
  return [
    found.life.id === "" ? "not queued" : found.life.id,
    ...found.life.events.map((event) => `  ${eventLine(event)}`),
    ...found.next.flatMap(describeLife),
  ];
}

/** Returns one line per recipient with its outcome. */
export function summaryLines(found: Found): string[] {
  const lines = splitOutcomes(found).map(
    ({ fate }) => `${recipientInWords(fate)}: ${words[fate.status]}${fateReason(fate)}`,
  );
  const { life } = found;
  if (lines.length === 0 && life.ended) return ["removed from the queue before it was delivered"];
  const waiting = allLives(found).reduce((sum, each) => sum + countUnheard(each), 0);
  if (waiting > 0) lines.push(`${waiting} ${waiting === 1 ? "recipient" : "recipients"} still in the queue`);
  return lines;
}

/**
 * Returns the exit code: 0 if the message was delivered to all recipients, 69 if it bounced or was refused for a
 * recipient, 75 if a delivery is pending.
 */
export function exitOfFound(found: Found): ExitCode {
  const statuses = splitOutcomes(found).map(({ fate }) => (isRefusedForGood(fate) ? "bounced" : fate.status));
  if (statuses.includes("bounced")) return Exit.Unavailable;
  if (!isDone(found)) return Exit.TempFail;
  return statuses.length > 0 ? Exit.Ok : Exit.Unavailable;
}

/** Returns whether every delivery has finished. */
export function isDone(found: Found): boolean {
  if (allLives(found).some((life) => countUnheard(life) > 0)) return false;
  return splitOutcomes(found).every(({ fate }) => ["sent", "bounced"].includes(fate.status) || isRefusedForGood(fate));
}

const words = { sent: "delivered", deferred: "deferred", bounced: "bounced", refused: "refused" } as const;

/**
 * Returns the final outcomes. If a message was passed to another queue on this machine, the outcomes in that queue are
 * returned instead of the outcome of this delivery.
 */
function splitOutcomes(found: Found): { fate: Fate; life: Life }[] {
  const here = listFates(found.life).filter(({ last }) => !found.next.some(({ life }) => life.id === last.next));
  return [...here.map((fate) => ({ fate, life: found.life })), ...found.next.flatMap(splitOutcomes)];
}

function allLives(found: Found): Life[] {
  return [found.life, ...found.next.flatMap(allLives)];
}

function isRefusedForGood({ status, last }: Fate): boolean {
  return status === "refused" && !last.detail.startsWith("4");
}

function recipientInWords({ recipient, original }: Fate): string {
  return original === undefined ? recipient : `${recipient} (for ${original})`;
}

function fateReason({ status, last }: Fate): string {
  return status === "sent" && last.detail === "" ? "" : `, ${last.detail === "" ? (last.relay ?? "") : last.detail}`;
}

function eventLine(event: LogEvent): string {
  const [name, text] = formatEvent(event);
  return `${event.time}  ${text === "" ? name : `${name.padEnd(10)}  ${text}`}`;
}

function formatEvent(event: LogEvent): [name: string, text: string] {
  if (event.kind === "client") return ["client", event.client];
  if (event.kind === "message-id") return ["message-id", event.messageId];
  if (event.kind === "removed") return ["removed", ""];
  if (event.kind === "note") return ["note", event.text];
  if (event.kind === "queue") {
    const count = event.recipients;
    const people = count === undefined ? [] : [`${count} ${count === 1 ? "recipient" : "recipients"}`];
    const size = event.size === undefined ? [] : [`${event.size} bytes`];
    const from =
      event.sender === "" && count !== undefined && event.size !== undefined ? [] : [`from <${event.sender}>`];
    return ["queue", [...from, ...size, ...people].join(", ")];
  }
  const fields = [
    `to <${event.recipient}>`,
    ...(event.sender === undefined ? [] : [`from=<${event.sender}>`]),
    ...(event.original === undefined ? [] : [`orig_to=<${event.original}>`]),
    ...(event.relay === undefined ? [] : [`${event.status === "refused" ? "client" : "relay"}=${event.relay}`]),
    ...(event.delay === undefined ? [] : [`delay=${event.delay}`]),
    ...(event.dsn === undefined ? [] : [`dsn=${event.dsn}`]),
    `status=${event.status}${event.detail === "" ? "" : ` (${event.detail})`}`,
  ];
  return [words[event.status], fields.join(", ")];
}
