/** Exim: `2026-11-24 22:26:59 1xVyyZ-0004DM-2h => root <root@dominio> R=localuser T=local_delivery`. */
import type { LogEvent, Status } from "./event.ts";

/** An id has three parts, longer ones from 4.97 on. In a system log the program's name may stand in front. */
const form =
  /^(?:.* exim4?\[\d+\]: )?(?:(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?(?: [+-]\d{4})?) )?(?:\[\d+\] )?([0-9A-Za-z]{6}-[0-9A-Za-z]{6,11}-[0-9A-Za-z]{2,4}) (.*)$/;
export const eximIdForm = /^[0-9A-Za-z]{6}-[0-9A-Za-z]{6,11}-[0-9A-Za-z]{2,4}$/;

const flags: Readonly<Record<string, Status>> = {
  "=>": "sent",
  "->": "sent",
  ">>": "sent",
  "*>": "sent",
  "**": "bounced",
  "==": "deferred",
};

/** @returns several for an arrival, which says in one line what Postfix says in three */
export function eximEvents(line: string): LogEvent[] {
  const [, stamp, id, text] = form.exec(line) ?? [];
  if (id === undefined || text === undefined) return [];
  const about = { id, time: stamp ?? /^(?:\w{3} [ \d]\d [\d:]{8}|\S+)/.exec(line)?.[0] ?? "" };
  if (text === "Completed") return [{ ...about, kind: "removed" }];
  const flag = text.slice(0, 2);
  if (flag === "<=") return arrival(about, text.slice(3));
  const status = flags[flag];
  if (status === undefined || text[2] !== " ") return [{ ...about, kind: "note", text }];
  return [delivery(about, status, text.slice(3))];
}

type About = { readonly id: string; readonly time: string };

function arrival(about: About, text: string): LogEvent[] {
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

/** The address, what it was delivered to in brackets or the other way round, fields, `defer (errno)`, and the reason. */
const deliveryForm =
  /^(\S+)(?: <([^>]*)>)?((?: [A-Za-z]{1,4}=(?:"(?:[^"\\]|\\.)*"|\S+?)(?: \[[^\]]*\](?::\d+)?)?)*)(?: defer \([^)]*\))?(?:: (.*))?$/;

function delivery(about: About, status: Status, text: string): LogEvent {
  const [, first = text, bracketed, fields = "", reason] = deliveryForm.exec(text) ?? [];
  const field = (name: string) =>
    new RegExp(` ${name}=("(?:[^"\\\\]|\\\\.)*"|\\S+(?: \\[[^\\]]*\\])?)`).exec(fields)?.[1]?.replace(/^"|"$/g, "");
  // What was delivered to may be a mailbox's name or a file; then the address is the one in brackets.
  const recipient = first.includes("@") || bracketed === undefined ? first : bracketed;
  return {
    ...about,
    kind: "delivery",
    recipient,
    original: recipient === bracketed ? undefined : bracketed,
    status,
    relay: field("H") ?? field("T") ?? field("R"),
    delay: field("QT"),
    dsn: undefined,
    detail: reason ?? field("C") ?? (status === "sent" ? "delivered" : ""),
    next: undefined,
  };
}
