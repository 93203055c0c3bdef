import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "@jest/globals";
import { openPty } from "../../scripts/pty.mjs";
import { until } from "../until.ts";
import { onPty } from "./support/on-pty.ts";
import { mail, sandbox } from "./support/sandbox.ts";

test("an interrupt discards a partially typed command, and the session continues", async () => {
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

test("the text of an interrupted message is saved", async () => {
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

/**
 * On a busy machine, `mail` might detect the child's exit before the interrupt. The test therefore suspends `mail`
 * until the child has been interrupted and has exited.
 */
test.each([
  { child: "a shell command", line: "!exec sleep 60\n", after: "!\r\n& " },
  { child: "a pipe", line: "pipe 1 exec sleep 60\n", after: "& " },
])("interrupting $child does not interrupt the session", async ({ line, after }) => {
  const place = sandbox({ spool: [mail()] });
  const program = resolve(import.meta.dirname, "../../bin/mail.js");
  const pty = await openPty({
    argv: [process.execPath, program, "-N"],
    env: place.environment,
    cwd: place.home,
  });
  try {
    await pty.expect("& ");
    for (let round = 0; round < 8; round++) {
      pty.send(line);
      await until(() => pty.children().length === 1);
      const [child] = pty.children();
      await until(() => readFileSync(`/proc/${child}/comm`, "utf8") === "sleep\n");
      process.kill(pty.pid!, "SIGSTOP");
      pty.send("\x03");
      await until(() => /^\d+ \(.*\) Z/.test(readFileSync(`/proc/${child}/stat`, "latin1")));
      process.kill(pty.pid!, "SIGCONT");
      await pty.expect(after);
    }
    pty.send("x\n");
    expect(await pty.exited).toBe(0);
    expect(pty.transcript()).not.toContain("Interrupt");
  } finally {
    await pty.close();
    place.remove();
  }
});
