/** Generators of mailboxes as they ought not to be, but are. */
import fc from "fast-check";

const lineEnd = fc.constantFrom("\n", "\n", "\n", "\r\n");
const fromLine = fc.constantFrom(
  "From a@example.org Sat Jan 16 18:22:01 2021",
  "From MAILER-DAEMON Sat Jan 16 18:22:01 2021",
  "From   b  c",
  "From a\tb",
  `From ${"long".repeat(300)} Sat Jan 16 18:22:01 2021`,
);
const field = fc.constantFrom(
  "Subject: s",
  "Status: RO",
  "Status: O",
  "Status: R",
  "status: ro",
  "STATUS:RO",
  "Status : O",
  "Status:  O",
  "Status: RO ",
  "X-Status: A",
  "Stat: no",
  "S",
  "Content-Length: 1",
  "To: a,\n\tb",
  "\u00e9\u00ff: 8bit",
  "no field at all",
  `Long: ${"x".repeat(3000)}`,
);
const bodyLine = fc.oneof(
  fc.constantFrom(
    "",
    "",
    "text",
    ">From quoted",
    "From nobody",
    "From ",
    "From a b",
    "From: field",
    "\0\0",
    "F",
    "Fro",
    "\r",
  ),
  fc.constantFrom("Status: RO", `${"y".repeat(2500)}`, "\u00e9\u00ff\u0080"),
);

const message = fc
  .tuple(fromLine, fc.array(field, { maxLength: 5 }), fc.array(bodyLine, { maxLength: 6 }), lineEnd, fc.boolean())
  .map(([from, fields, body, end, closed]) =>
    [from, ...fields, ...(closed ? [""] : []), ...body, ""].map((line) => line + end).join(""),
  );

/** Bytes as Latin-1 text: messages, sometimes with something in front, with no end, with no empty line between. */
export const mailboxText = fc
  .tuple(
    fc.constantFrom("", "", "\n", "\r\n", "\n\n\n", "garbage\n\n"),
    fc.array(message, { maxLength: 6 }),
    fc.constantFrom("", "", "\n", "end without end", "From "),
  )
  .map(([before, messages, after]) => before + messages.join("") + after);

/** The same, of messages that are as they ought to be; `count` of them. */
export const soundMessage = fc
  .tuple(
    fc.constantFrom("a@example.org", "b", "MAILER-DAEMON"),
    fc.array(fc.constantFrom("Subject: s", "To: x", "X-A: \u00ff", "Message-Id: <1@x>"), { maxLength: 4 }),
    fc.constantFrom("", "Status: RO", "Status: O"),
    fc.array(fc.constantFrom("", "text", ">From q", "\0", "From: x", "z".repeat(200)), { maxLength: 5 }),
    lineEnd,
  )
  .map(([user, fields, status, body, end]) =>
    [`From ${user} Sat Jan 16 18:22:01 2021`, ...fields, ...(status ? [status] : []), "", ...body, ""]
      .map((line) => line + end)
      .join(""),
  );
