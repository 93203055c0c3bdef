/** A draft's header as the user is shown it. */
import { byteLength } from "../message/text.ts";
import type { Draft } from "./draft.ts";
import { blanked, type Field, hasField, peopleFields, typeFields, written } from "./header-fields.ts";

/** As ~p and reply print it: names with blanks between, and the MIME fields a body in this locale gets. */
export function shownHeader(draft: Draft, from: string | undefined, charset?: string): string {
  const sender = draft.from ?? from;
  const fields: Field[] = [
    ...(sender === undefined || hasField(draft, "from") ? [] : [["From", blanked(sender)] satisfies Field]),
    ...peopleFields(draft, draft, " ", true).map(([name, value]): Field => [name, inColumns(name, value)]),
    ...typeFields(draft, charset ?? "UTF-8", "8bit"),
    ...draft.attachments.map(({ name, type, size }): Field => ["Attachment", `${name} (${type}, ${size} bytes)`]),
  ];
  return `${written(fields)}\n`;
}

/** Names that would go past column 72 stand in lines of their own, four blanks in, as bsd-mailx shows them. */
function inColumns(name: string, value: string): string {
  if (!/^(?:To|Cc|Bcc)$/.test(name)) return value;
  let column = name.length + 1;
  const words = value.split(" ").map((word, index) => {
    const length = byteLength(word);
    const fits = column + 1 + length <= 72 || column + 1 <= 4;
    column = fits ? column + 1 + length : 4 + length;
    return fits ? `${index === 0 ? "" : " "}${word}` : `\n    ${word}`;
  });
  return words.join("");
}
