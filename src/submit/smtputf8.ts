/**
 * Addresses with non-ASCII characters (RFC 6531). Such addresses are sent unchanged if the server supports them, and
 * otherwise converted to ASCII if possible.
 */
import { Exit } from "../errors.ts";
import { SubmissionFailed } from "./submission-errors.ts";
import type { Envelope, Refusal } from "./transport.ts";

/**
 * Returns the envelope for a server without SMTPUTF8. A domain can be converted to ASCII (IDNA), but a local part cannot.
 *
 * @returns the converted envelope, and refusals for the recipients that cannot be converted
 * @throws SubmissionFailed if the sender cannot be converted
 */
export function convertEnvelope(envelope: Envelope): { sendable: Envelope; refused: Refusal[] } {
  const reply = "the server does not accept addresses with non-ASCII characters (SMTPUTF8); nothing was sent";
  const from = asciiAddress(envelope.from);
  if (from === undefined) throw new SubmissionFailed("address not ASCII", `${envelope.from}: ${reply}`, Exit.DataErr);
  const refused: Refusal[] = [];
  const to: string[] = [];
  for (const recipient of envelope.to) {
    const ascii = asciiAddress(recipient);
    if (ascii === undefined) refused.push({ recipient, reply, exit: Exit.DataErr });
    else to.push(ascii);
  }
  return { sendable: { from, to }, refused };
}

function asciiAddress(address: string): string | undefined {
  const at = address.lastIndexOf("@");
  if (at < 0 || isAsciiOnly(address)) return isAsciiOnly(address) ? address : undefined;
  if (!isAsciiOnly(address.slice(0, at))) return undefined;
  try {
    return `${address.slice(0, at)}@${new URL(`http://${address.slice(at + 1)}`).hostname}`;
  } catch {
    return undefined;
  }
}

function isAsciiOnly(text: string): boolean {
  return /^[\u0000-\u007f]*$/.test(text);
}
