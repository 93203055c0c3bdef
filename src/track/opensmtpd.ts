/**
 * Parses OpenSMTPD's log: `smtpd[7]: 8e5d1c7e0a1b2c3d mda delivery evpid=1a2b3c4d5e6f7a8b from=<..> to=<..> ... result=Ok
 * stat=Delivered`.
 */
import { type LogEvent, makeRefusedDelivery, type Status } from "./event.ts";
import { syslogLine } from "./syslog.ts";

export const openSmtpdIdForm = /^[\da-f]{8}$/;

const results: Readonly<Record<string, Status>> = { Ok: "sent", TempFail: "deferred", PermFail: "bounced" };

/**
 * Returns the events that a line reports. A message's ID is the first half of its envelopes' IDs. The client is logged
 * before the message has an ID. The event for the client has the session's number as its ID.
 */
export function openSmtpdEvents(line: string): LogEvent[] {
  const said = syslogLine(line);
  if (said === undefined || !/^(?:open)?smtpd$/.test(said.program)) return [];
  const [, session = "", part = "", what = "", rest = ""] =
    /^([\da-f]{16}) (smtp|mda|mta) ([\w-]+) ?(.*)$/.exec(said.text) ?? [];
  const { time } = said;
  const field = (name: string) => {
    const [, quoted, plain] = new RegExp(`(?:^| )${name}=(?:"([^"]*)"|<?([^ >]*)>?)`).exec(rest) ?? [];
    return quoted ?? plain;
  };
  if (part === "smtp" && what === "connected") {
    const client = `${field("host") ?? "unknown"}[${field("address") ?? "?"}]`;
    return [{ id: session, time, kind: "client", client }];
  }
  if (part === "smtp" && what === "message") {
    const id = field("msgid") ?? "";
    const recipients = Number(field("nrcpt"));
    return [
      { id, time, kind: "client", client: field("proto") ?? "", session },
      { id, time, kind: "queue", sender: "", size: field("size"), recipients },
    ];
  }
  if (part === "smtp" && what === "failed-command") {
    const [, recipient, detail] = /^command="RCPT TO: ?<(.*?)>.*?" result="([45].*)"$/i.exec(rest) ?? [];
    if (recipient === undefined || detail === undefined) return [];
    return [makeRefusedDelivery({ id: "", time }, { recipient, sender: undefined, relay: undefined, detail })];
  }
  const envelope = field("evpid");
  const id = envelope?.slice(0, 8);
  if (envelope === undefined || id === undefined) return [];
  if (what === "envelope") {
    const addresses = [field("from") ?? "", field("to") ?? ""];
    return [{ id, time, kind: "note", text: rest.replace(/^evpid=\S+ /, ""), addresses }];
  }
  const status = results[field("result") ?? ""];
  if (what !== "delivery" || status === undefined) return [];
  const rcpt = field("rcpt");
  const to = field("to") ?? "";
  const recipient = rcpt === undefined || rcpt === "" || rcpt === "-" ? to : rcpt;
  const stat = /(?:^| )stat="?(.*?)"?$/.exec(rest)?.[1] ?? "";
  const user = field("user");
  return [
    {
      id,
      time,
      kind: "delivery",
      recipient: to,
      original: recipient === to ? undefined : recipient,
      status,
      envelope,
      relay: field("relay") ?? (part === "mda" ? "local" : undefined),
      delay: field("delay"),
      dsn: undefined,
      // An alias may expand to several mailboxes, but the line contains only one address.
      detail: stat === "Delivered" && user !== undefined ? `to the mailbox of ${user}` : stat,
      next: undefined,
    },
  ];
}
