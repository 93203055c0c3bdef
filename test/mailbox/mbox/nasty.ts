/** Generates mailboxes that are malformed in ways that occur in practice. */
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
  "content-length:\t30 ",
  "Content-Length: x",
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
    "From c@example.org Sat Jan 16 18:22:01 2021",
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

/** Mailboxes as Latin-1 text, some with text before the first message, an incomplete end, or missing empty lines. */
export const mailboxText = fc
  .tuple(
    fc.constantFrom("", "", "\n", "\r\n", "\n\n\n", "garbage\n\n"),
    fc.array(message, { maxLength: 6 }),
    fc.constantFrom("", "", "\n", "end without end", "From "),
  )
  .map(([before, messages, after]) => before + messages.join("") + after);

/** The error in a Content-Length, in bytes; undefined if the message has no such field. */
const wrongBy = fc.constantFrom(undefined, 0, 0, 0, -1, 1, 7, 60, 300, 5000, -30);
const measuredBody = fc.array(
  fc.constantFrom(
    "",
    "",
    "text",
    "\nFrom here to there",
    "\nFrom here to there\nmore",
    "\nFrom - ",
    "\nFrom c@example.org Sat Jan 16 18:22:01 2021",
    "\nFrom c@example.org Sat Jan 16 18:22:01 2021\nX-In: it",
    "\nFrom here to there\nX-In: it",
    "\nFrom here to there\nContent-Length: 40\n",
  ),
  { maxLength: 6 },
);
const measuredMessage = fc
  .tuple(
    fc.constantFrom("From a@example.org Sat Jan 16 18:22:01 2021", "From - ", "From ", "From 18@xxx", "From a b"),
    fc.constantFrom(["From: a"], ["From: a", "Status: RO"], []),
    wrongBy,
    measuredBody,
    fc.constantFrom("\n", "\r\n"),
    fc.constantFrom("", "", "\n"),
  )
  .map(([from, fields, wrong, lines, end, separator]) => {
    const body = lines
      .map((line) => `${line}\n`)
      .join("")
      .replaceAll("\n", end);
    const length = wrong === undefined ? [] : [`Content-Length: ${Math.max(0, body.length + wrong)}`];
    return [from, ...fields, ...length, ""].map((line) => line + end).join("") + body + separator.replace("\n", end);
  });

/** Mailboxes whose messages have a valid or invalid Content-Length, and From_ lines with or without a date. */
export const measuredText = fc
  .tuple(fc.constantFrom("", "", "\n", "garbage\n\n"), fc.array(measuredMessage, { maxLength: 5 }))
  .map(([before, messages]) => before + messages.join(""));

/** Well-formed messages. */
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
