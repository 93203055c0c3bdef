import { expect, test } from "@jest/globals";
import { onPty } from "./support/on-pty.ts";
import { mail } from "./support/sandbox.ts";

test("an interrupt drops a command that is half typed, and the session goes on", async () => {
  const place = await onPty({ spool: [mail()] })`
    $ mail -N
    Mail version 8.1.2 01/15/2001.  Type ? for help.
    "{HOME}/spool": 1 message 1 new
    & hea^CInterrupt
    & =
    1
    & !echo 'from the shell'
    from the shell
    !
    & x
  `;
  expect(place.read("spool")).toBe(mail());
  place.remove();
});

test("the text of an interrupted message is kept", async () => {
  const place = await onPty()`
    $ mail ann@example.org
    Subject: hello
    A line. ⏎
    ^C ⏎

    (Interrupt -- one more to kill letter)
    ^C ⏎
  `;
  expect(place.read("dead.letter")).toBe("A line.\n");
  place.remove();
});
