/** Recognizes reports of failed deliveries, and finds the recipients named in these reports. */

import { parseAddresses } from "../address.ts";
import { nodeCharsets } from "../charsets.ts";
import { fieldValues } from "../field-values.ts";
import { listFailedInReport } from "./delivery-report.ts";
import { listFailedInText } from "./failure-text.ts";
import { listLeaves, type Part } from "./part.ts";
import { partText } from "./part-text.ts";

/** The maximum number of bytes that are read from a part. */
const longest = 1 << 20;

const possible =
  /\n(?:content-type[ \t]*:\s*multipart\/report|x-failed-recipients[ \t]*:|return-path[ \t]*:\s*<>|(?:from|sender)[ \t]*:[^\n]*(?:mailer-daemon|postmaster|mail delivery))|^From (?:MAILER-DAEMON|<>) /i;

/** Returns whether a message may be a bounce. @param header the From_ line and header, with one character per byte */
export function mayBeBounce(header: string): boolean {
  return possible.test(header.startsWith("From ") ? header : `\n${header}`);
}

/**
 * Returns the recipients to which the reported message could not be delivered.
 *
 * @param header one character per byte
 * @returns undefined if the message is not a bounce; empty if it names no recipient
 */
export function listFailedRecipients(header: string, root: Part): string[] | undefined {
  const named = fieldValues(header, "x-failed-recipients");
  if (named.length > 0) return parseAddresses(named.join(", ")).map(({ address }) => address);
  const leaves = listLeaves(root);
  const report = leaves.find(({ type }) => /^message\/(?:global-)?delivery-status$/.test(type));
  if (report !== undefined) return listFailedInReport(readPartText(report));
  const end = leaves.findIndex(({ type }) => type.startsWith("message/rfc822"));
  const texts = leaves.slice(0, end < 0 ? leaves.length : end).filter(({ type }) => type === "text/plain");
  const [first = "", ...others] = texts.map(readPartText);
  // A mail system or a gateway may have labelled the report as text.
  const labelled = [first, ...others].find((text) => /^final-recipient[ \t]*:/im.test(text));
  return labelled === undefined ? listFailedInText(first) : listFailedInReport(labelled);
}

function readPartText(part: Part): string {
  return partText(part, nodeCharsets, longest);
}
