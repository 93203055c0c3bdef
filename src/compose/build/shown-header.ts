/** A draft's header as the user is shown it. */
import type { Draft } from "../draft/draft.ts";
import { blanked, type Field, hasField, peopleFields, typeFields, written } from "./header-fields.ts";

/** As ~p and reply print it: names with blanks between, and the MIME fields a body in this locale gets. */
export function shownHeader(draft: Draft, from: string | undefined, charset?: string): string {
  const sender = draft.from || from;
  const fields: Field[] = [
    ...(sender === undefined || sender === "" || hasField(draft, "from")
      ? []
      : [["From", blanked(sender)] satisfies Field]),
    ...peopleFields(draft, draft, " ", true),
    ...typeFields(draft, charset ?? "UTF-8", "8bit"),
    ...draft.attachments.map(({ name, type, size }): Field => ["Attachment", `${name} (${type}, ${size} bytes)`]),
  ];
  return `${written(fields)}\n`;
}
