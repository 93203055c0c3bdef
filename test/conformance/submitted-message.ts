/** Formats a submitted message for comparison: envelope, sorted header, decoded body. */
import { addressParser } from "postal-mime";

const varying = new Set(["date", "message-id", "user-agent", "x-mailer", "bcc"]);
const mime = new Set(["mime-version", "content-type", "content-transfer-encoding"]);
const order = ["from", "to", "subject", "cc", "bcc", "reply-to", "in-reply-to", "references"];

interface Field {
  readonly name: string;
  readonly text: string;
}

/**
 * Returns the message as text: `envelope-to` lines, `--`, header, empty line, body.
 * @param argv the arguments of sendmail
 * @param compares whether the case compares `from` (From and the envelope sender) or `mime` (the MIME fields, and the
 * body as sent)
 */
export function showSubmitted(
  argv: readonly string[],
  message: string,
  compares: { readonly from: boolean; readonly mime: boolean },
): string {
  const end = message.startsWith("\n") ? 0 : message.indexOf("\n\n") + 1;
  const isHeaderOnly = end === 0 && !message.startsWith("\n");
  const fields = fieldsOf(isHeaderOnly ? message : message.slice(0, end));
  const body = isHeaderOnly ? "" : message.slice(end + 1);
  const { recipients, sender, isFromHeader } = envelopeOf(argv);
  if (isFromHeader) recipients.push(...fields.filter(({ name }) => /^(to|cc|bcc)$/.test(name)).flatMap(addressesOf));
  const kept = fields.filter(
    ({ name }) => !varying.has(name) && (compares.from || name !== "from") && (compares.mime || !mime.has(name)),
  );
  const rank = ({ name }: Field) => (order.includes(name) ? order.indexOf(name) : order.length);
  return [
    sender !== undefined && compares.from ? `envelope-from: ${sender}\n` : "",
    ...[...new Set(recipients)].sort().map((recipient) => `envelope-to: ${recipient}\n`),
    "--\n",
    ...kept.toSorted((one, other) => rank(one) - rank(other)).map(({ text }) => `${text}\n`),
    "\n",
    compares.mime ? body : decodeBody(body, fields),
  ].join("");
}

function fieldsOf(header: string): Field[] {
  const unfolded = header.replaceAll("\r\n", "\n").replaceAll(/[ \t\r]*\n[ \t]+/g, " ");
  return unfolded
    .split("\n")
    .filter((text) => text !== "")
    .map((text) => ({ name: (text.split(":")[0] ?? "").trim().toLowerCase(), text }));
}

/** Parses the arguments of sendmail(1). */
function envelopeOf(argv: readonly string[]) {
  const recipients: string[] = [];
  let sender: string | undefined;
  let isFromHeader = false;
  const rest = [...argv];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === "--") recipients.push(...rest.splice(0));
    else if (word === "-t") isFromHeader = true;
    else if (/^-[fr]/.test(word)) sender = word.length > 2 ? word.slice(2) : rest.shift();
    else if (/^-[FoOBNRVX]$/.test(word)) rest.shift();
    else if (!word.startsWith("-")) recipients.push(word);
  }
  return { recipients, sender, isFromHeader };
}

function addressesOf({ text }: Field): string[] {
  const value = text.slice(text.indexOf(":") + 1).trim();
  const found = addressParser(value, { flatten: true }).map(({ address, name }) => address || name);
  return found.length > 0 ? found : [value];
}

function decodeBody(body: string, fields: readonly Field[]): string {
  const encoding = fields
    .find(({ name }) => name === "content-transfer-encoding")
    ?.text.split(":")[1]
    ?.trim();
  if (encoding === "base64") return Buffer.from(body, "base64").toString("latin1");
  if (encoding !== "quoted-printable") return body;
  return body
    .replaceAll(/[ \t]+(?=\r?\n)/g, "")
    .replaceAll(/=\r?\n/g, "")
    .replaceAll(/=([0-9A-Fa-f]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}
