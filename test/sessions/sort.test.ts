import { afterEach, test } from "@jest/globals";
import { onTerminal, removeSandboxes } from "./support/on-terminal.ts";
import { mail } from "./support/sandbox.ts";

afterEach(removeSandboxes);

const letter = (id: number, from: string, subject: string, day: number, answers?: number) =>
  mail({
    from: `${from}@example.org`,
    subject,
    status: "O",
    fields:
      `Date: Sat, ${day} Jan 2021 18:22:03 +0000\nMessage-ID: <${id}@x>\n` +
      (answers === undefined ? "" : `In-Reply-To: <${answers}@x>\n`),
  });

const spool = [
  letter(1, "zoe", "hola", 5),
  letter(2, "ann", "Plan", 3),
  letter(3, "bob", "Re: hola", 7, 1),
  letter(4, "cy", "Re: hola", 6, 1),
  letter(5, "dee", "Re: hola", 8, 3),
];

test("sort changes the order in which messages are listed and in which the next command prints them, but not their numbers", async () => {
  await onTerminal({ spool })`
    $ mail -N
    Mail version 8.1.2 01/15/2001.  Type ? for help.
    "{HOME}/spool": 5 messages 5 unread
    & sort date
    Sorted by date; message numbers are unchanged; unsort restores mailbox order
     U  2 ann@example.org    Sat Jan 16 18:22   10/165   Plan
    >U  1 zoe@example.org    Sat Jan 16 18:22   10/165   hola
     U  4 cy@example.org     Sat Jan 16 18:22   11/186   Re: hola
     U  3 bob@example.org    Sat Jan 16 18:22   11/188   Re: hola
     U  5 dee@example.org    Sat Jan 16 18:22   11/188   Re: hola
    & d
    & =
    4
    & f 2-3
    Sorted by date; message numbers are unchanged; unsort restores mailbox order
     U  2 ann@example.org    Sat Jan 16 18:22   10/165   Plan
     U  3 bob@example.org    Sat Jan 16 18:22   11/188   Re: hola
    & d -
    & sort -from
    Sorted by from, descending; message numbers are unchanged; unsort restores mailbox order
     U  5 dee@example.org    Sat Jan 16 18:22   11/188   Re: hola
    >U  3 bob@example.org    Sat Jan 16 18:22   11/188   Re: hola
     U  2 ann@example.org    Sat Jan 16 18:22   10/165   Plan
    & sort
    Sorted by from, descending
    & sort colour
    Can't sort by "colour"; use date, from, subject, size or thread
    & unsort
     U  2 ann@example.org    Sat Jan 16 18:22   10/165   Plan
    >U  3 bob@example.org    Sat Jan 16 18:22   11/188   Re: hola
     U  5 dee@example.org    Sat Jan 16 18:22   11/188   Re: hola
    & x
  `;
});

test("new mail is listed after the sorted messages, with a notice, until the list is sorted again", async () => {
  const spool = [letter(1, "zoe", "hola", 5), letter(2, "ann", "Plan", 3)];
  await onTerminal({ spool, files: { more: letter(3, "bob", "early", 1) } })`
    $ printf 'sort date\n!cat more >> spool\ninc\nf *\nsort date\nx\n' | mail -N
    Mail version 8.1.2 01/15/2001.  Type ? for help.
    "{HOME}/spool": 2 messages 2 unread
    Sorted by date; message numbers are unchanged; unsort restores mailbox order
     U  2 ann@example.org    Sat Jan 16 18:22   10/165   Plan
    >U  1 zoe@example.org    Sat Jan 16 18:22   10/165   hola
    !
    "{HOME}/spool": 3 messages 3 unread
    Sorted by date, followed by new mail; message numbers are unchanged; unsort restores mailbox order
     U  2 ann@example.org    Sat Jan 16 18:22   10/165   Plan
     U  1 zoe@example.org    Sat Jan 16 18:22   10/165   hola
    >U  3 bob@example.org    Sat Jan 16 18:22   10/166   early
    Sorted by date; message numbers are unchanged; unsort restores mailbox order
    >U  3 bob@example.org    Sat Jan 16 18:22   10/166   early
     U  2 ann@example.org    Sat Jan 16 18:22   10/165   Plan
     U  1 zoe@example.org    Sat Jan 16 18:22   10/165   hola
  `;
});

test("if the commands come from a pipe, thread shows replies as a tree of ASCII characters", async () => {
  await onTerminal({ spool })`
    $ printf 'thread\ncollapse 1\nx\n' | mail -N
    Mail version 8.1.2 01/15/2001.  Type ? for help.
    "{HOME}/spool": 5 messages 5 unread
    In threads; message numbers are unchanged; unsort restores mailbox order
    >U  1 zoe@example.org    Sat Jan 16 18:22   10/165   hola
     U  4 cy@example.org     Sat Jan 16 18:22   11/186   |-> Re: hola
     U  3 bob@example.org    Sat Jan 16 18:22   11/188   ${"`"}-> Re: hola
     U  5 dee@example.org    Sat Jan 16 18:22   11/188    ${"`"}-> Re: hola
     U  2 ann@example.org    Sat Jan 16 18:22   10/165   Plan
    In threads; message numbers are unchanged; unsort restores mailbox order
    >U  1 zoe@example.org    Sat Jan 16 18:22   10/165   [3 hidden, 3 unread] hola
     U  2 ann@example.org    Sat Jan 16 18:22   10/165   Plan
  `;
});
