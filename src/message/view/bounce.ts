/** Recognizes reports of failed deliveries, and finds the recipients named in these reports. */

import { parseAddresses } from "../address.ts";
import { nodeCharsets } from "../charsets.ts";
import { fieldValues } from "../field-values.ts";
import { listFailedInReport, listFailedInText } from "./delivery-report.ts";
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
  const [first] = leaves;
  return first?.type === "text/plain" ? listFailedInText(readPartText(first)) : undefined;
}

function readPartText(part: Part): string {
  return partText(part, nodeCharsets, longest);
}
