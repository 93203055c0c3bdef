/** Parses Exim's log: `2026-11-24 22:26:59 1xVyyZ-0004DM-2h => root <root@dominio> R=localuser T=local_delivery`. */
import { type LogEvent, makeRefusedDelivery, type Status } from "./event.ts";

/**
 * An ID has three parts, which are longer from Exim 4.97 on. In a system log, the program's name may precede the line.
 */
const form =
  /^(?:.* exim4?\[\d+\]: )?(?:(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?(?: [+-]\d{4})?) )?(?:\[\d+\] )?([0-9A-Za-z]{6}-[0-9A-Za-z]{6,11}-[0-9A-Za-z]{2,4}) (.*)$/;
export const eximIdForm = /^[0-9A-Za-z]{6}-[0-9A-Za-z]{6,11}-[0-9A-Za-z]{2,4}$/;

const refusalForm =
  /^(?:.* exim4?\[\d+\]: )?(?:(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?(?: [+-]\d{4})?) )?(?:\[\d+\] )?((?:H|U)=.*?) F=<(.*?)> (?:A=\S+ )?(temporarily )?rejected RCPT <?(.*?)>?: (.*)$/;

const flags: Readonly<Record<string, Status>> = {
  "=>": "sent",
  "->": "sent",
  ">>": "sent",
  "*>": "sent",
  "**": "bounced",
  "==": "deferred",
};

/**
 * Returns the events that a line reports. An arrival yields several events, because one line of Exim's log corresponds
 * to three lines of Postfix's log.
 */
export function eximEvents(line: string): LogEvent[] {
  const [, stamp, id, text] = form.exec(line) ?? [];
  if (id === undefined || text === undefined) return parseEximRefusal(line);
  const about = { id, time: stamp ?? frontOf(line) };
  if (text === "Completed") return [{ ...about, kind: "removed" }];
  const flag = text.slice(0, 2);
  if (flag === "<=") return parseEximArrival(about, text.slice(3));
  const status = flags[flag];
  if (status === undefined || text[2] !== " ") return [{ ...about, kind: "note", text }];
  return [parseEximDelivery(about, status, text.slice(3))];
}

/** Returns the time at the start of a system log line. */
function frontOf(line: string): string {
  return /^(?:\w{3} [ \d]\d [\d:]{8}|\S+)/.exec(line)?.[0] ?? "";
}

function parseEximRefusal(line: string): LogEvent[] {
  const [, stamp, client = "", sender, later, recipient, reason = ""] = refusalForm.exec(line) ?? [];
  if (recipient === undefined) return [];
  const host = /H=(.*?\])/.exec(client)?.[1];
  const detail = `${later === undefined ? "550" : "451"} ${reason}`;
  return [makeRefusedDelivery({ id: "", time: stamp ?? frontOf(line) }, { recipient, sender, relay: host, detail })];
}

type About = { readonly id: string; readonly time: string };

function parseEximArrival(about: About, text: string): LogEvent[] {
  const sender = /^\S+/.exec(text)?.[0] ?? "";
  const rest = text.slice(sender.length);
  const host = /(?:^| )H=(.*?\])/.exec(rest)?.[1];
  const user = / U=(\S+)/.exec(rest)?.[1];
  const messageId = / id=(\S+)/.exec(rest)?.[1];
  const client = [host ?? `this machine, user ${user ?? "?"}`, / P=(\S+)/.exec(rest)?.[1]].filter(Boolean).join(", ");
  return [
    { ...about, kind: "client", client },
    ...(messageId === undefined ? [] : [{ ...about, kind: "message-id" as const, messageId: `<${messageId}>` }]),
    {
      ...about,
      kind: "queue",
      sender: sender === "<>" ? "" : sender,
      size: / S=(\d+)/.exec(rest)?.[1],
      recipients: undefined,
    },
  ];
}

/**
 * The form of a delivery: the address, its destination in brackets (or the two reversed), fields, `defer (errno)`, the
 * fields of a remote server, and the reason. A star after a host means that another host was tried first.
 */
const fieldsForm = String.raw`((?: [A-Za-z]{1,4}=(?:"(?:[^"\\]|\\.)*"|\S+?)(?: \[[^\]]*\](?::\d+)?\*?)?)*)`;
const deliveryForm = new RegExp(
  String.raw`^(\S+)(?: <([^>]*)>)?${fieldsForm}(?:(?: routing)? defer \([^)]*\))?${fieldsForm}(?:: (.*))?$`,
);

function parseEximDelivery(about: About, status: Status, text: string): LogEvent {
  const parts = deliveryForm.exec(text) ?? /^(\S*)()()() *(.*)$/.exec(text) ?? [];
  const [, first = "", bracketed = "", before = "", after = "", reason] = parts;
  const fields = before + after;
  const field = (name: string) =>
    new RegExp(` ${name}=("(?:[^"\\\\]|\\\\.)*"|\\S+(?: \\[[^\\]]*\\])?)`).exec(fields)?.[1]?.replace(/^"|"$/g, "");
  // If the destination is neither a file nor the address's own mailbox, the address was an alias.
  const same = bracketed.toLowerCase().startsWith(`${first.toLowerCase()}@`) || /^[/|]/.test(first);
  const recipient = bracketed === "" || !same ? first : bracketed;
  return {
    ...about,
    kind: "delivery",
    recipient,
    original: bracketed === "" || recipient === bracketed ? undefined : bracketed,
    status,
    relay: field("H") ?? field("T") ?? field("R"),
    delay: field("QT"),
    dsn: undefined,
    detail: reason ?? field("C") ?? "",
    next: undefined,
  };
}
