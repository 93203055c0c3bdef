/**
 * Processes the options that define header fields, attachments and their labels, in the order in which they were given.
 */
import { type Stats, statSync } from "node:fs";
import { homedir } from "node:os";
import { Exit } from "../errors.ts";
import type { PartLabel } from "../message/part-label.ts";
import { isMailFieldName } from "../message/registered-fields.ts";
import { toBytes } from "../message/text.ts";
import { type AttachRequest, UsageError } from "./command-line.ts";

/** An option from a table row that is marked `ordered`, with its value. */
export interface OrderedOption {
  readonly long: string;
  readonly value: string;
}

export interface Parts {
  /** Header fields, exactly as they were given. */
  readonly header: readonly string[];
  readonly attach: readonly AttachRequest[];
  /** The type and encoding that are not followed by an attachment, and therefore apply to the body. */
  readonly body: { readonly type: string | undefined; readonly encoding: string | undefined };
  /** The type of the attachments. The body gets the same type if its content appears to be of that type. */
  readonly likelyType: string | undefined;
}

export type FileKind = "file" | "pipe" | "none";

/**
 * Returns the field or the file that the argument of -a denotes, or undefined if it is neither.
 *
 * @param kindOf returns the kind of file at a path
 */
export function readFieldOrFile(
  text: string,
  kindOf: (path: string) => FileKind = kindOfFile,
): { field: string } | { attach: AttachRequest } | undefined {
  const name = /^([!-9;-~]+)[ \t]*:/.exec(text)?.[1];
  if (name !== undefined && (isMailFieldName(name) || kindOf(text) !== "file")) return { field: text };
  if (kindOf(text) === "file") return { attach: { path: text } };
  if (kindOf(text) === "pipe") return { attach: { path: text, isLimited: true } };
  if (text.startsWith("~/")) {
    const path = `${process.env["HOME"] || homedir()}${text.slice(1)}`;
    if (kindOf(path) === "file") return { attach: { path } };
  }
  const [, path = "", charset = ""] = /^(.*)=([^=/]*)$/s.exec(text) ?? [];
  if (path === "" || kindOf(path) === "none") return undefined;
  return { attach: { path, charset, ...(kindOf(path) === "pipe" ? { isLimited: true } : {}) } };
}

function kindOfFile(path: string): FileKind {
  let found: Stats;
  try {
    found = statSync(toBytes(path));
  } catch {
    return "none";
  }
  if (found.isFile()) return "file";
  return found.isFIFO() || /^\/(?:dev|proc\/self)\/fd\/\d+$/.test(path) ? "pipe" : "none";
}

const encodings = ["base64", "quoted-printable", "8bit", "7bit"];

/** Divides the options into fields, attachments, and the labels of the body. @throws UsageError */
export function readPartOptions(
  given: readonly OrderedOption[],
  { mayBeAccount }: { readonly mayBeAccount: boolean } = { mayBeAccount: false },
): Parts {
  const header: string[] = [];
  const attach: AttachRequest[] = [];
  let label: PartLabel = {};
  // Whether the type and the encoding have been applied to an attachment.
  let used = { type: true, encoding: true };
  const add = (request: AttachRequest) => {
    attach.push({ ...label, ...request });
    const { fileName: _fileName, name: _name, ...lasting } = label;
    label = lasting;
    used = { type: true, encoding: true };
  };
  for (const { long, value } of given) {
    switch (long) {
      case "header": {
        // The value was probably an unset shell variable.
        if (value.trim() === "") break;
        const meant = readFieldOrFile(value);
        if (meant === undefined) throw describeNeither(value);
        if ("field" in meant) header.push(meant.field);
        else add(meant.attach);
        break;
      }
      case "attach":
        add(mayBeAccount && Object.keys(label).length === 0 ? { path: value, mayBeAccount } : { path: value });
        break;
      case "attach-fd":
        if (!/^\d{1,6}$/.test(value)) throw describeInvalid(long, value, "use the number of an open file descriptor");
        add({ path: `/dev/fd/${value}` });
        break;
      case "content-type":
        if (!/^[^\s/;]+\/[^\s/;]+/.test(value)) throw describeInvalid(long, value, "use type/subtype");
        label = { ...label, type: value };
        used = { ...used, type: false };
        break;
      case "content-filename":
        label = { ...label, fileName: value };
        break;
      case "content-name":
        label = { ...label, name: value };
        break;
      case "encoding":
        if (!encodings.includes(value.toLowerCase())) throw describeInvalid(long, value, `use ${encodings.join(", ")}`);
        label = { ...label, encoding: value.toLowerCase() };
        used = { ...used, encoding: false };
        break;
    }
  }
  if (label.fileName !== undefined) throw new UsageError(describeMissingAttachment("content-filename"), Exit.Usage);
  if (label.name !== undefined) throw new UsageError(describeMissingAttachment("content-name"), Exit.Usage);
  return {
    header,
    attach,
    body: { type: used.type ? undefined : label.type, encoding: used.encoding ? undefined : label.encoding },
    likelyType: attach.find(({ type }) => type !== undefined)?.type,
  };
}

function describeNeither(value: string): UsageError {
  return new UsageError(
    `mail: -a "${value}": not a header field of the form "Name: value", and not a file; nothing was sent`,
    Exit.Usage,
  );
}

function describeMissingAttachment(long: string): string {
  return `mail: --${long}: no attachment follows; nothing was sent`;
}

function describeInvalid(long: string, value: string, remedy: string): UsageError {
  return new UsageError(`mail: --${long}: "${value}" is invalid; ${remedy}`, Exit.Usage);
}
