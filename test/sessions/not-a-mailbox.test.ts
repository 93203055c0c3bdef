import { afterAll, test } from "@jest/globals";
import { onTerminal, removeSandboxes } from "./support/on-terminal.ts";

afterAll(removeSandboxes);

test("a file that is not a mailbox is reported on a terminal; if the input is a pipe, the file is treated as an empty mailbox", async () => {
  await onTerminal()`
    $ printf 'garbage line\nmore\n' > notes
    $ mail -f notes
    mail: notes: not a mailbox; nothing was opened
    [exit 65]
    $ printf 'x\n' | mail -f notes
    Mail version 8.1.2 01/15/2001.  Type ? for help.
    "notes": 0 messages
  `;
});

test("a file with a single message is opened read-only", async () => {
  await onTerminal({ mailrc: "set quiet\n" })`
    $ printf 'From: ann@example.org\nDate: Sat, 16 Jan 2021 18:22:03 +0000\nSubject: hola\n\ntext\n' > note.eml
    $ mail -f note.eml
    "note.eml": 1 message 1 new [Read only]
    >N  1 ann@example.org    Sat Jan 16 18:22    7/127   hola
    & x
  `;
});
