/**
 * The JSON Schemas (2020-12) for everything that `mail` prints for programs.
 *
 * Within a version, fields may be added, but not removed or changed. test/act/schemas.test.ts fails if a field of a
 * published version disappears or changes. `x-untrusted` marks text that the sender of a message controls.
 */
import { UsageError } from "../cli/command-line.ts";
import { Exit, joinAlternatives } from "../errors.ts";
import { schemaVersion } from "../read/without-session/json-line.ts";
import { namedReasons } from "../reasons.ts";

type Schema = Readonly<Record<string, unknown>>;

const version = { const: schemaVersion };
const id = {
  type: "string",
  description: "Identifies the message for as long as the mailbox contains it. The query id:ID selects the message.",
};
const untrusted = { "x-untrusted": true };
const nullable = (schema: Schema): Schema => ({ ...schema, type: [schema["type"], "null"] });
const text = { type: "string", ...untrusted };
const people = {
  type: "array",
  items: {
    type: "object",
    required: ["name", "address"],
    properties: { name: text, address: text },
  },
};
const messageIds = { type: "array", items: text };
const attachments = {
  type: "array",
  items: { type: "object", required: ["name", "type"], properties: { name: nullable(text), type: text } },
};
const refusals = {
  type: "array",
  items: {
    type: "object",
    required: ["recipient", "reply", "exit"],
    properties: {
      recipient: { type: "string" },
      reply: { type: "string", description: "The reply from the server or program." },
      exit: { type: "integer" },
    },
  },
};
const address = {
  type: ["string", "object"],
  additionalProperties: false,
  required: ["address"],
  properties: { name: { type: "string" }, address: { type: "string" } },
};
const describeAttachment = (key: string, required: readonly string[], description: string) => ({
  type: "object",
  additionalProperties: false,
  required,
  properties: {
    [key]: { type: "string", description },
    name: { type: "string", description: "The name that the recipient sees." },
    type: { type: "string", description: "The MIME type." },
  },
});
const addresses = (description: string) => ({
  description,
  anyOf: [address, { type: "array", items: address }],
});
const count = { type: "integer", minimum: 0 };

/** The outcome of a submitted message and of its copies. */
const outcome = {
  sent: { type: "boolean", description: "Whether the message was accepted for at least one recipient." },
  reason: {
    type: ["string", "null"],
    description:
      'Null if the message was accepted for all recipients. Otherwise "recipient refused", "outcome unknown", "queued", "stored", "already sent", "dry run", "not sent", or the reason for the error.',
  },
  messageId: { type: ["string", "null"] },
  queueId: { type: ["string", "null"], description: "The server's queue id, if its reply contains one." },
  accepted: { type: "array", items: { type: "string" } },
  refused: refusals,
  queued: {
    type: ["object", "null"],
    description: "The entry in mail's queue, if the message is queued for some recipients.",
    required: ["id", "recipients"],
    properties: { id: { type: "string" }, recipients: refusals },
  },
  deadLetter: { type: ["string", "null"], description: "The file that contains the text of an unsent message." },
  copies: {
    type: "array",
    description: "The copies for the record variable, and for recipients that are files or commands.",
    items: {
      type: "object",
      required: ["to", "done", "error"],
      properties: {
        to: { type: "string" },
        done: { type: "boolean" },
        error: { type: ["string", "null"] },
      },
    },
  },
  warnings: {
    type: "array",
    items: { type: "string" },
    description:
      "Problems that did not prevent the message from being sent. These problems are not a reason to send the message again.",
  },
};

const plan = {
  type: "object",
  description: "With --dry-run: facts about the message that would be sent or stored.",
  required: ["transport", "folder", "from", "recipients", "subject", "messageId", "inReplyTo", "size", "attachments"],
  properties: {
    transport: {
      type: ["string", "null"],
      description: "The server, program or file that would receive the message; null if the message would be stored.",
    },
    folder: { type: ["string", "null"], description: "With --draft: the folder that would contain the draft." },
    from: { type: "string", description: "The envelope sender." },
    recipients: { type: "array", items: { type: "string" }, description: "All recipients, including those in Bcc." },
    subject: nullable(text),
    messageId: {
      ...nullable(text),
      description: "The Message-ID field of the message; null if it is generated when the message is sent.",
    },
    inReplyTo: messageIds,
    size: { ...count, description: "The size of the message in bytes, with LF as the end of each line." },
    attachments,
  },
};

function describeObject(title: string, properties: Readonly<Record<string, Schema>>, optional: Schema = {}): Schema {
  return { title, type: "object", required: Object.keys(properties), properties: { ...properties, ...optional } };
}

const schemas: Readonly<Record<string, Schema>> = {
  message: describeObject(
    "A message, as mail --json and mail --show --json print it",
    {
      version,
      id,
      number: { type: "integer", minimum: 1, description: "The message number, which may differ in the next session." },
      offset: { type: ["integer", "null"], minimum: 0 },
      size: { type: "integer", minimum: 1 },
      lines: count,
      state: { enum: ["new", "unread", "read"] },
      flagged: { type: "boolean" },
      answered: { type: "boolean" },
      flags: { type: "array", items: { enum: ["read", "flagged", "answered", "draft"] } },
      envelopeSender: nullable(text),
      date: {
        type: ["string", "null"],
        pattern: "^[+-]?\\d{4,6}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$",
        ...untrusted,
      },
      from: people,
      to: people,
      cc: people,
      replyTo: people,
      subject: nullable(text),
      messageId: nullable(text),
      inReplyTo: messageIds,
      references: messageIds,
      attachments,
      failedRecipients: { type: ["array", "null"], items: text },
    },
    {
      thread: {
        type: "object",
        description: "With --thread: the id of the thread's first message, and the depth of this message.",
        required: ["root", "depth"],
        properties: { root: id, depth: count },
      },
      parts: {
        type: "array",
        description: "With --parts.",
        items: {
          type: "object",
          required: ["number", "type", "name", "size", "isAttachment"],
          properties: {
            number: { type: "string", description: "The number for --part." },
            type: text,
            name: nullable(text),
            size: { ...count, description: "In bytes, decoded." },
            isAttachment: { type: "boolean" },
          },
        },
      },
      text: { ...text, description: "With --text: the readable text." },
      isTruncated: {
        type: "boolean",
        description: "With --text: whether the text was too long and has been truncated.",
      },
      headers: {
        type: "array",
        description: "With --all-headers: all fields, in order.",
        items: { type: "object", required: ["name", "value"], properties: { name: text, value: text } },
      },
    },
  ),
  folder: describeObject("A folder, as mail --folders --json prints it", {
    version,
    name: { type: "string", description: "The name after the plus sign, as in +NAME.", ...untrusted },
    use: nullable({
      type: "string",
      description: "The special use of a folder on a server, such as sent or trash (RFC 6154).",
    }),
  }),
  count: describeObject("The number of messages, as mail --count --json prints it", { version, count }),
  act: describeObject(
    "The result of an action such as mail --delete --json for one message",
    {
      version,
      act: { enum: ["delete", "move", "copy", "mark", "save-parts", "resend", "reply", "forward"] },
      id,
      done: { type: "boolean" },
      reason: { type: ["string", "null"], description: 'The reason why nothing was done; "dry run" with --dry-run.' },
      to: {
        type: ["string", "null"],
        description: "The absolute path of the folder or directory, or the mark that was set; otherwise null.",
      },
    },
    {
      files: { type: "array", items: { type: "string" }, description: "With --save-parts: the files." },
      recipients: {
        type: "array",
        items: { type: "string" },
        description: "With --reply, --forward and --resend: the recipients before aliases are expanded.",
      },
      submission: describeObject(
        "With --reply, --forward and --resend: the outcome of the message, if it was submitted",
        outcome,
      ),
      plan,
    },
  ),
  submission: describeObject(
    "The outcome of a message that is sent with --json or --send, or stored with --draft",
    {
      version,
      ...outcome,
      draft: {
        type: ["object", "null"],
        description: "With --draft and --send: the draft's id and folder.",
        required: ["id", "folder"],
        properties: { id: nullable(id), folder: { type: "string" } },
      },
    },
    { preview: { type: "string", description: "With --dry-run: the envelope and the message." }, plan },
  ),
  draft: {
    title: "The draft that mail --from-json reads from standard input",
    type: "object",
    additionalProperties: false,
    properties: {
      from: addresses("The author; by default, the user."),
      to: addresses("At least one of to, cc and bcc is required."),
      cc: addresses("Recipients of copies."),
      bcc: addresses("Recipients who are not shown in the header."),
      subject: { type: "string" },
      text: { type: "string", description: "The plain text. If html is present, the plain-text alternative to it." },
      html: { type: "string" },
      attachments: {
        type: "array",
        items: {
          description: "A file, specified by its path, or by its base64 content and its name.",
          anyOf: [
            describeAttachment("path", ["path"], "The path of the file."),
            describeAttachment("base64", ["base64", "name"], "The content."),
          ],
        },
      },
      headers: {
        type: "object",
        description: "Additional header fields, keyed by name, each with one or more values.",
        additionalProperties: { type: ["string", "array"], items: { type: "string" } },
      },
      inReplyTo: { type: "string", description: "The message-id of the message to which this message replies." },
      references: { type: "array", items: { type: "string" }, description: "By default, the value of inReplyTo." },
    },
  },
  error: describeObject("An error, one object per line on standard error", {
    error: describeObject("The error", {
      code: { type: "integer", minimum: 1, description: "The exit code that results from the error (sysexits.h)." },
      reason: {
        type: "string",
        description: "The kind of error, as a phrase that never changes, or a system error code such as ENOENT.",
        examples: namedReasons,
      },
      message: { type: "string" },
      remedy: { type: ["string", "null"], description: "The action that the caller can take." },
    }),
  }),
  warning: describeObject("A warning, one object per line on standard error", {
    warning: describeObject("The warning", { message: { type: "string" } }),
  }),
  finding: describeObject(
    "A finding of mail --check --json",
    { status: { enum: ["ok", "warn", "fail"] }, about: { type: "string" }, text: { type: "string" } },
    { remedy: { type: "string" } },
  ),
};

/** The names of the schemas. */
export const schemaForms = Object.keys(schemas);

/**
 * Returns the text that --json-schema prints.
 *
 * @param form the name of a schema; all schemas if undefined
 * @throws UsageError for an unknown name
 */
export function formatSchemas(form: string | undefined): string {
  const $schema = "https://json-schema.org/draft/2020-12/schema";
  if (form === undefined) {
    const title = "Everything that mail prints for programs, or reads from them";
    return `${JSON.stringify({ $schema, title, version: schemaVersion, $defs: schemas }, undefined, 2)}\n`;
  }
  const schema = schemas[form];
  if (schema === undefined) {
    const names = joinAlternatives(schemaForms);
    throw new UsageError(`mail: --json-schema: "${form}" is invalid; use ${names}`, Exit.Usage);
  }
  return `${JSON.stringify({ $schema, version: schemaVersion, ...schema }, undefined, 2)}\n`;
}
