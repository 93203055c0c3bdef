/**
 * Compares the fate of messages at quit with that in bsd-mailx, for every possible state and every relevant variable.
 */
import { expect, test } from "@jest/globals";
import { bsdMailx, comparable, hasPeer, ours, run } from "../../sessions/support/peer.ts";
import { mail } from "../../sessions/support/sandbox.ts";

/** The commands that put a message into each state. */
const states: Record<string, (message: number) => string> = {
  untouched: () => "",
  read: (n) => `p ${n}`,
  deleted: (n) => `d ${n}`,
  "deleted and taken back": (n) => `d ${n}\nu ${n}`,
  saved: (n) => `s ${n} saved`,
  copied: (n) => `c ${n} saved`,
  written: (n) => `w ${n} body`,
  preserved: (n) => `p ${n}\npre ${n}`,
  "preserved and saved": (n) => `pre ${n}\ns ${n} saved`,
  "to mbox": (n) => `mb ${n}`,
  "to mbox, then preserved": (n) => `mb ${n}\nhold ${n}`,
  touched: (n) => `touch ${n}`,
  "read and unread again": (n) => `p ${n}\nU ${n}`,
  new: (n) => `new ${n}`,
  "saved and deleted": (n) => `s ${n} saved\nd ${n}`,
};

const stored = [undefined, "O", "RO", "R"];

const settings = [
  "",
  "set hold",
  "set keepsave",
  "set hold keepsave",
  "unset append",
  "set keep",
  "set MBOX=old",
  "set MBOX=+old folder=Mail",
];

/** The ways in which a session can end. */
const ends: Record<string, readonly string[]> = {
  quit: ["q"],
  "end of input": [],
  exit: ["x"],
  "new mail, then quit": ["!cat more >>$MAIL", "q"],
  "another folder": ["folder other", "q"],
  "all deleted": ["d *", "q"],
  "all read": ["p *", "q"],
};

const numbered = Object.keys(states).flatMap((state) => stored.map((status) => ({ state, status })));
const box = numbered
  .map(({ state, status }, index) =>
    mail({ subject: `${index + 1} ${state}`, ...(status === undefined ? {} : { status }) }),
  )
  .join("");
const commands = numbered.map(({ state }, index) => states[state]?.(index + 1) ?? "").filter((line) => line !== "");

const cases = settings.flatMap((set) =>
  Object.keys(ends).flatMap((end) => [true, false].map((system) => ({ set, end, system }))),
);

(hasPeer ? test : test.skip).each(cases)("$set, $end, system mailbox: $system", async ({ set, end, system }) => {
  const session = {
    argv: system ? ["-N"] : ["-N", "-f", "box"],
    mailrc: `set quiet\n${set}\n`,
    files: {
      [system ? "spool" : "box"]: box,
      mbox: mail({ subject: "older", status: "RO" }),
      more: mail({ subject: "just come" }),
      other: mail({ subject: "elsewhere" }),
      "Mail/.keep": "",
    },
    input: [...commands, "f *", "folder", ...(ends[end] ?? [])].map((line) => `${line}\n`).join(""),
  };
  const [theirs, own] = await Promise.all([run(bsdMailx, session), run(ours, session)]);
  expect(comparable(own)).toEqual(comparable(theirs));
});
