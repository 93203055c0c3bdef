/** Describes reports from mail systems: delivery reports (RFC 3464), receipts (RFC 8098) and complaints (RFC 5965). */
import { parseAddresses } from "../address.ts";
import { type Header, parseHeader } from "../header.ts";

const mostRecipients = 50;

/** The common status codes of RFC 3463 and its registry. */
const statuses: Record<string, string> = {
  "1.0": "there is a problem with the address",
  "1.1": "there is no such mailbox",
  "1.2": "there is no such host",
  "1.3": "the address is malformed",
  "1.6": "the mailbox has moved",
  "1.8": "the sender's host is unknown",
  "1.10": "the host does not accept mail",
  "2.0": "there is a problem with the mailbox",
  "2.1": "the mailbox does not accept mail",
  "2.2": "the mailbox is full",
  "2.3": "the message is too long for the mailbox",
  "2.4": "the mailing list could not be expanded",
  "3.1": "the mail system is full",
  "3.2": "the mail system does not accept mail at present",
  "3.4": "the message is too large for the mail system",
  "4.1": "the host does not respond",
  "4.2": "the connection broke",
  "4.3": "the name could not be looked up",
  "4.4": "there is no route to the host",
  "4.5": "the mail system is busy",
  "4.6": "the message is in a mail loop",
  "4.7": "the delivery time expired",
  "5.0": "the server rejected the command",
  "6.1": "its content type is not accepted",
  "7.0": "it was refused for security reasons",
  "7.1": "it was refused by policy",
  "7.26": "the sender could not be authenticated",
};

const actions: Record<string, string> = {
  failed: "not delivered",
  delayed: "delayed",
  delivered: "delivered",
  relayed: "relayed to a system that sends no reports",
  expanded: "delivered to an alias and forwarded",
};

/**
 * Describes a delivery status notification (RFC 3464).
 *
 * @param text a decoded message/delivery-status part with LF line endings
 * @returns lines that are not safe to show as they are; empty if the text is not a report
 */
export function deliverySummary(text: string): string {
  const [about, ...recipients] = parseBlocks(text);
  const prose = proseOf(text);
  if (about === undefined || ![about, ...recipients].some(isReported)) return prose;
  const by = withoutAddressType(about.get("reporting-mta"));
  const told = recipients.length > 0 ? recipients : [about];
  const lines = told.slice(0, mostRecipients).map(recipientLine);
  if (told.length > mostRecipients) lines.push(`  ... and ${told.length - mostRecipients} more`);
  return `Delivery report${by === "" ? "" : ` by ${by}`}:\n${lines.join("\n")}\n${prose === "" ? "" : `\n${prose}`}`;
}

function recipientLine(fields: Header): string {
  const final = withoutAddressType(fields.get("final-recipient"));
  const original = withoutAddressType(fields.get("original-recipient"));
  const who = final || original || "(recipient not named)";
  const asWritten = original !== "" && original.toLowerCase() !== who.toLowerCase() ? ` (sent to ${original})` : "";
  const action = (fields.get("action") ?? "").replace(/\(.*/s, "").trim().toLowerCase();
  const status = /\d\.(\d+\.\d+)/.exec(fields.get("status") ?? "");
  const meaning = status === null ? "" : statuses[status[1] ?? ""];
  const why = [status?.[0], meaning].filter((part) => part !== undefined && part !== "").join(": ");
  const diagnostic = withoutAddressType(fields.get("diagnostic-code"));
  const host = withoutAddressType(fields.get("remote-mta"));
  const until = fields.get("will-retry-until");
  return [
    `  ${who}${asWritten}: ${actions[action] ?? (action || "no action was reported")}${why === "" ? "" : ` (${why})`}`,
    ...(diagnostic === "" ? [] : [`    ${host === "" ? "The server" : host} replied: ${diagnostic}`]),
    ...(until === undefined ? [] : [`    Delivery is retried until ${until}`]),
  ].join("\n");
}

/**
 * Returns the addresses to which a message could not be delivered.
 *
 * @param text a decoded message/delivery-status part
 * @returns undefined if no delivery failed
 */
export function listFailedInReport(text: string): string[] | undefined {
  const blocks = parseBlocks(text);
  if (!blocks.some(isReported)) return text.trim() === "" ? undefined : listBracketed(text);
  // Some programs write the action only once, in a block without a recipient.
  const general = blocks.find((block) => recipientIn(block) === undefined && block.get("action"))?.get("action") ?? "";
  const failed = blocks.filter((block) => {
    const action = (block.get("action") ?? general).trim().toLowerCase();
    return action === "" ? /^\s*5\./.test(block.get("status") ?? "") : action.startsWith("fail");
  });
  if (failed.length === 0) return undefined;
  return failed
    .map((block) => withoutAddressType(recipientIn(block)))
    .flatMap((text) => parseAddresses(text).map(({ address }) => address));
}

function recipientIn(block: Header): string | undefined {
  return block.get("final-recipient") ?? block.get("original-recipient");
}

/** Returns the addresses that are enclosed in angle brackets. */
function listBracketed(text: string): string[] {
  return [...new Set(Array.from(text.matchAll(/<([^<>\s]+@[^<>\s]+)>/g), ([, address = ""]) => address))];
}

const reportFields = ["reporting-mta", "final-recipient", "original-recipient", "action", "status", "diagnostic-code"];

function isReported(block: Header): boolean {
  return reportFields.some((name) => block.get(name) !== undefined);
}

/** Returns the text that some mail systems write after the fields, or instead of fields. */
function proseOf(text: string): string {
  const blocks = text.replace(/\r\n/g, "\n").split(/\n(?:[ \t]*\n)+/);
  const isProse = (block: string) => !isReported(parseHeader(Buffer.from(block.replace(/^\n+/, ""), "utf8")));
  const prose = blocks.filter((block) => block.trim() !== "" && isProse(block));
  return prose.map((block) => `${block.replace(/^\n+/, "").trimEnd()}\n`).join("\n");
}

/** Describes a disposition notification, which reports that a message was read (RFC 8098). */
export function receiptSummary(text: string): string {
  const fields = parseBlocks(text)[0];
  if (fields === undefined) return "";
  const disposition = fields?.get("disposition") ?? "";
  const what = disposition.split(";").at(-1)?.split("/")[0]?.trim().toLowerCase() ?? "";
  const who = withoutAddressType(fields?.get("final-recipient")) || "The recipient";
  const words: Record<string, string> = {
    displayed: "the message was displayed",
    deleted: "the message was deleted, perhaps without being read",
    dispatched: "the message was forwarded",
    processed: "the message was processed, perhaps without being read",
    denied: "the recipient declined to send a receipt",
    failed: "the receipt could not be created",
  };
  return `Receipt: ${who}: ${words[what] ?? (what || "no disposition was reported")}\n`;
}

/** Describes a feedback report, which reports that a message was marked as spam (RFC 5965). */
export function complaintSummary(text: string): string {
  const fields = parseBlocks(text)[0];
  if (fields === undefined) return "";
  const rows = [
    ["from", fields?.get("original-mail-from")],
    ["sent by", fields?.get("source-ip")],
    ["reported by", fields?.get("user-agent")],
  ].flatMap(([name, value]) => (value === undefined ? [] : [`  ${name}: ${value}\n`]));
  return `Complaint about a message (${fields?.get("feedback-type") ?? "abuse"}):\n${rows.join("")}`;
}

/** Returns the groups of fields, which are separated by empty lines. */
function parseBlocks(text: string): Header[] {
  return text
    .replace(/\r\n/g, "\n")
    .split(/\n[ \t]*\n+/)
    .map((block) => parseHeader(Buffer.from(block.replace(/^\n+/, ""), "utf8")))
    .filter(({ fields }) => fields.length > 0);
}

/** Returns `ann@example.org` for `rfc822; ann@example.org`. */
function withoutAddressType(value: string | undefined): string {
  return (value ?? "").replace(/^[\w-]+\s*;\s*/, "").trim();
}
