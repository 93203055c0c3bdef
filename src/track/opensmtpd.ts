/** OpenSMTPD: `smtpd[7]: 8e5d1c7e0a1b2c3d mda delivery evpid=1a2b3c4d5e6f7a8b from=<..> to=<..> ... result=Ok stat=Delivered`. */
import type { LogEvent, Status } from "./event.ts";
import { syslogLine } from "./syslog.ts";

export const openSmtpdIdForm = /^[\da-f]{8}$/;

const results: Readonly<Record<string, Status>> = { Ok: "sent", TempFail: "deferred", PermFail: "bounced" };

/**
 * A message's id is the first half of its envelopes'. Where a connection came from is said before any id is known, under
 * the number of the session: such an event has that number for its id.
 */
export function openSmtpdEvents(line: string): LogEvent[] {
  const said = syslogLine(line);
  if (said === undefined || !/^(?:open)?smtpd$/.test(said.program)) return [];
  const [, session = "", part = "", what = "", rest = ""] =
    /^([\da-f]{16}) (smtp|mda|mta) (\w+) ?(.*)$/.exec(said.text) ?? [];
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
  const id = field("evpid")?.slice(0, 8);
  if (id === undefined) return [];
  if (what === "envelope") return [{ id, time, kind: "note", text: `${rest.replace(/^evpid=\S+ /, "")}` }];
  const status = results[field("result") ?? ""];
  if (what !== "delivery" || status === undefined) return [];
  const rcpt = field("rcpt");
  const to = field("to") ?? "";
  const recipient = rcpt === undefined || rcpt === "" || rcpt === "-" ? to : rcpt;
  const stat = /(?:^| )stat="?(.*?)"?$/.exec(rest)?.[1] ?? "";
  return [
    {
      id,
      time,
      kind: "delivery",
      recipient: to,
      original: recipient === to ? undefined : recipient,
      status,
      relay: field("relay") ?? (part === "mda" ? `mailbox of ${field("user") ?? "?"}` : undefined),
      delay: field("delay"),
      dsn: undefined,
      detail: stat,
      next: undefined,
    },
  ];
}
