/** Parses Postfix's log: `postfix/qmgr[7]: DE3232C16A: from=<debian@dominio>, size=797, nrcpt=1 (queue active)`. */
import { type LogEvent, makeRefusedDelivery, type Status } from "./event.ts";
import { syslogLine } from "./syslog.ts";

const program = /^postfix[\w-]*\/(?:[\w-]+\/)*([\w-]+)$/;
/** Short queue IDs, and long queue IDs (enable_long_queue_ids), which contain no vowels. */
export const queueIdForm = /^(?:[0-9A-F]{6,15}|(?=.*\d)[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{10,20})$/;

const queueForm = /^from=<(.*)>, size=(\d+), nrcpt=(\d+)(?: \(.*\))?$/;
const deliveryForm =
  /^to=<(.*?)>, (?:orig_to=<(.*?)>, )?relay=(.*?), (?:conn_use=\d+, )?delay=([\d.]+), (?:delays=[\d./]+, )?(?:dsn=([\d.]+), )?status=([\w-]+)(?: \((.*)\))?$/;

/** Refusals, including those by milters and those by postscreen (in which commas separate the fields). */
const refusalForm =
  /^(?:milter-)?reject: [\w-]+ from (\S+): ([45]\d\d .*?); from=<(.*?)>,? to=<(.*?)>(?:,? (?:proto|helo)=.*)?$/;

const statuses: Readonly<Record<string, Status>> = {
  sent: "sent",
  deferred: "deferred",
  bounced: "bounced",
  expired: "bounced",
};

/** Parses a line of Postfix's log; undefined for lines of other programs and for lines without an event. */
export function postfixEvent(line: string): LogEvent | undefined {
  const said = syslogLine(line);
  const part = said === undefined ? undefined : program.exec(said.program)?.[1];
  const [, id, text] = /^(\w+): (.*)$/.exec(said?.text ?? "") ?? [];
  if (said === undefined || part === undefined || id === undefined || text === undefined) return undefined;
  if (id === "NOQUEUE") return parsePostfixRefusal({ id: "", time: said.time }, text);
  if (!queueIdForm.test(id)) return undefined;
  const about = { id, time: said.time };
  const refused = parsePostfixRefusal(about, text);
  if (refused !== undefined) return refused;
  if (text === "removed") return { ...about, kind: "removed" };
  if (part === "smtpd" || part === "qmqpd") {
    const client = /^client=(.*)$/.exec(text)?.[1];
    if (client !== undefined) return { ...about, kind: "client", client };
  }
  if (part === "pickup") {
    const [, uid, sender] = /^uid=(\d+) from=<(.*)>$/.exec(text) ?? [];
    if (uid !== undefined) return { ...about, kind: "client", client: `this machine, user ${uid}, as ${sender}` };
  }
  if (part === "cleanup") {
    const messageId = /^message-id=(.*)$/.exec(text)?.[1];
    if (messageId !== undefined) return { ...about, kind: "message-id", messageId };
  }
  if (part === "qmgr" || part === "nqmgr") {
    const [, sender, size, count] = queueForm.exec(text) ?? [];
    if (sender !== undefined) return { ...about, kind: "queue", sender, size, recipients: Number(count) };
  }
  return parsePostfixDelivery(about, text) ?? { ...about, kind: "note", text };
}

function parsePostfixRefusal(about: { id: string; time: string }, text: string): LogEvent | undefined {
  const [, client, detail, sender, recipient] = refusalForm.exec(text) ?? [];
  if (client === undefined || detail === undefined || recipient === undefined) return undefined;
  return makeRefusedDelivery(about, { recipient, sender, relay: client, detail });
}

function parsePostfixDelivery(about: { id: string; time: string }, text: string): LogEvent | undefined {
  const [, recipient, original, relay, delay, dsn, said = "", detail = ""] = deliveryForm.exec(text) ?? [];
  const status = statuses[said];
  if (recipient === undefined || status === undefined) return undefined;
  // A message that has passed through a content filter or an alias is queued again on this machine with another ID.
  const here = /\[(?:127\.[\d.]+|::1)\]|^local$|^private\/|\[\//.test(relay ?? "");
  const next = here ? /\b(?:queued|forwarded) as (\w+)/.exec(detail)?.[1] : undefined;
  return { ...about, kind: "delivery", recipient, original, status, relay, delay, dsn, detail, next };
}
