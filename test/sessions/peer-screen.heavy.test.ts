import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "@jest/globals";
import { screenOf } from "./support/on-pty.ts";
import { mail, sandbox } from "./support/sandbox.ts";

const peer = "/usr/bin/bsd-mailx";
const ours = [process.execPath, resolve(import.meta.dirname, "../../bin/mail.js")];

const spool = [
  mail({ from: "debian@DOMINIO", subject: "Re: hola", status: "O" }),
  mail({ to: "root, zoe@example.org", subject: "lunch", fields: "Message-Id: <2@x>\n", body: "Noon?\nFrom me.\n" }),
  mail({ from: "ben@example.com", subject: "long", body: "line\n".repeat(40) }),
];

/** The lines to type at a terminal, each with its prompt. */
const sessions: Record<string, readonly string[]> = {
  "reading, deleting, saving": [
    "$ mail",
    "& 1",
    "& ",
    "& h",
    "& d 1",
    "& dp",
    "& u 1-2",
    "& f *",
    "& s 1 +box",
    "& top 3",
    "& size *",
    "& z",
    "& foo",
    "& p 9",
    "& !echo shell",
    "& hea^C",
    "& folder",
    "& q",
  ],
  "answering and writing": [
    "$ mail -N",
    "& r 2",
    "Yes. ⏎",
    "~p ⏎",
    ". ⏎",
    "Cc: eve@example.org",
    "& m ann@example.org",
    "Subject: new",
    "Hi. ⏎",
    "~m 1 ⏎",
    ". ⏎",
    "Cc: ",
    "& pre 2",
    "& mb 3",
    "& h",
    "& q",
  ],
  "a message from the shell": ["$ mail ann@example.org", "Subject: hello", "One line. ⏎", "~s other ⏎", ". ⏎", "Cc: "],
  "files and settings": [
    "$ mail",
    "& set folder=Mail",
    "& folder +work",
    "& 1",
    "& fi #",
    "& set autoprint",
    "& d 1",
    "& alias us ann ben",
    "& alias",
    "& ignore date",
    "& P 2",
    "& x",
  ],
};

(existsSync(peer) ? test : test.skip).each(Object.keys(sessions))(
  "the screen of %s is the same as bsd-mailx's",
  async (name) => {
    const typed = sessions[name] ?? [];
    const seen: string[] = [];
    for (const program of [[peer], ours]) {
      const place = sandbox({
        spool,
        files: { "Mail/work": mail({ subject: "work" }) },
        environment: { PAGER: "cat" },
      });
      const screen = await screenOf(typed, place, program);
      seen.push(
        screen
          .replaceAll(place.home, "{HOME}")
          .replace(/[ \t]+$/gm, "")
          .replace(/\x08/g, ""),
      );
      place.remove();
    }
    expect(seen[1]).toBe(seen[0]);
  },
);
