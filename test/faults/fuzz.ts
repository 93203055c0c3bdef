/**
 * Tests damaged and huge mailboxes, random commands and random options. There must be no crash, no stack trace and no
 * hang, and the exit code must be defined in sysexits.h.
 */
import { writeFileSync } from "node:fs";
import { type Campaign, inLab, type Round } from "./campaign.ts";
import { type Ended, judgeEnd, type Lab, makeMessage, pick, seededRandom } from "./lab.ts";

/** Time limit in milliseconds. */
const limit = 10_000;

function judge(ended: Ended): string[] {
  const { exit } = ended;
  const isSane = exit <= 1 || (exit >= 64 && exit <= 78);
  return [...judgeEnd(ended), ...(isSane ? [] : [`exit code ${exit}`])];
}

const from = "From a@example.org Tue Nov 24 12:00:00 2026\n";
const head = `${from}From: a@example.org\nSubject: s\n`;
const multipart = "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b";

function nestParts(depth: number): string {
  const parts = Array.from(
    { length: depth },
    (_, at) => `--b${at}\nContent-Type: multipart/mixed; boundary=b${at + 1}\n\n`,
  );
  return `${head}${multipart}0\n\n${parts.join("")}--b${depth}\nContent-Type: text/plain\n\ninnermost\n\n`;
}

/** The values are functions, so that a large mailbox is created only when it is needed. */
const mailboxes: Readonly<Record<string, () => string>> = {
  empty: () => "",
  "a newline": () => "\n",
  "a From_ line only": () => from,
  "no From_ line": () => "Subject: x\n\nbody\n",
  "no final newline": () => `${head}\nbody`,
  "cut in a header": () => `${head}X-Cut: abc`,
  "10,000 nested parts": () => nestParts(10_000),
  "10,000 parts": () => `${head}${multipart}\n\n${"--b\n\nx\n".repeat(10_000)}--b--\n\n`,
  "nested messages": () => `${head}${"Content-Type: message/rfc822\n\n".repeat(2000)}end\n\n`,
  "a header field of 5 MB": () => `${head}X-Big: ${"a".repeat(5e6)}\n\nbody\n\n`,
  "a subject of 1 MB": () => `${from}Subject: ${"s".repeat(1e6)}\n\nbody\n\n`,
  "50,000 header fields": () => `${head}${"X-Same: v\n".repeat(50_000)}\nbody\n\n`,
  "a field folded 50,000 times": () => `${head}X-F: a\n${" b\n".repeat(50_000)}\nbody\n\n`,
  "10,000 recipients": () =>
    `${head}To: ${Array.from({ length: 10_000 }, (_, at) => `u${at}@example.org`).join(", ")}\n\nx\n\n`,
  "open comments": () =>
    `${head}To: ${"(".repeat(50_000)}\nCc: ${"<".repeat(20_000)}\nDate: ${"(".repeat(20_000)}\n\nx\n\n`,
  "20,000 encoded words": () => `${from}Subject: ${"=?utf-8?Q?=C3=A9?= ".repeat(20_000)}\n\nbody\n\n`,
  "broken encoded words": () =>
    `${from}From: =?x?B?!!!?= <a@b>\nSubject: =?utf-8?B?${"A".repeat(99_999)}?= =??=\n\nx\n\n`,
  "a line of 20 MB": () => `${head}\n${"x".repeat(2e7)}\n\n`,
  "NUL bytes": () => `${head}X-N: \0\0\n\n\0\0\0body\0\n\n`,
  "a header of NUL bytes": () => `${from}${"\0".repeat(5000)}\n\nbody\n\n`,
  "1 MB of 0xFF": () => `${head}\n${"\xff".repeat(1e6)}\n\n`,
  CRLF: () => `${head}\nbody\n\n`.replaceAll("\n", "\r\n").repeat(3),
  "CR only": () => `${head}\nbody\n\n`.replaceAll("\n", "\r"),
  "header lines without a colon": () => `${from}no colon here\n:empty name\n : x\n\nbody\n\n`,
  "impossible dates": () => `From a@b Xxx Yyy 99 99:99:99 9999\nFrom: a@b\nDate: Tue Feb 30 24:60:61 -001\n\nx\n\n`,
  "100,000 From_ lines": () => from.repeat(100_000),
  "20,000 small messages": () => `${from}\n\n`.repeat(20_000),
  "wrong Content-Length": () => `${head}Content-Length: 999999999999\n\nbody\n\n${head}Content-Length: -5\n\nbody\n\n`,
  "odd Status": () =>
    `${head}Status: ${"ROXZ".repeat(5000)}\nX-Status: \xff\0\n\nx\n\n${head}Status:\nStatus: R\n\nx\n\n`,
  "broken base64": () => `${head}Content-Transfer-Encoding: base64\n\n${"\x80%%%=\n".repeat(5000)}\n`,
  "broken quoted-printable": () =>
    `${head}Content-Transfer-Encoding: quoted-printable\n\n${"=\n=Z=4=\xff".repeat(5000)}\n\n`,
  "an unknown charset": () => `${head}Content-Type: text/plain; charset=${"x".repeat(5000)}\n\nbody\n\n`,
  "100,000 parameters": () => `${head}Content-Type: text/plain${"; a=b".repeat(100_000)}\n\nbody\n\n`,
  "1 MB of HTML": () => `${head}Content-Type: text/html\n\n${"<div><table><a href=".repeat(50_000)}\n\n`,
};

const inserted = ["\0", "\n\n", "\r\n", "\nFrom ", `\n\n${from}`, "\n \n", "=?utf-8?Q?", "\n--b\n", "\xff".repeat(30)];
const repeated = ["A", " ", "\t", "(", '"', "<", "="];

/** Returns a copy of the bytes in which a few bytes have been flipped, removed, duplicated or inserted. */
function mutate(bytes: string, random: () => number): string {
  const at = Math.floor(random() * bytes.length);
  const end = at + Math.floor(random() * 500);
  const mutations = [
    () =>
      bytes.slice(0, at) +
      String.fromCharCode(bytes.charCodeAt(at) ^ (1 << Math.floor(random() * 8))) +
      bytes.slice(at + 1),
    () => bytes.slice(0, at),
    () => bytes.slice(0, at) + bytes.slice(end),
    () => bytes.slice(0, end) + bytes.slice(at),
    () => bytes.slice(0, at) + pick(inserted, random) + bytes.slice(at),
    () => bytes.slice(0, at) + pick(repeated, random).repeat(pick([100, 10_000, 200_000], random)) + bytes.slice(at),
  ];
  return pick(mutations, random)();
}

function makeMutated(seed: string): string {
  const random = seededRandom(seed);
  let bytes = ["1", "2", "3"].map((id) => makeMessage(id, random).bytes).join("") + nestParts(3);
  for (let count = pick([1, 3, 20], random); count > 0; count--) bytes = mutate(bytes, random);
  return bytes;
}

const everything = "h,p 1,P 1,f *,top 2,size *,d 1,u 1,z,z-,s 1 out1,c 2 out2,w 1 out3,r 1,text,.,q".split(",");

async function playMailbox(lab: Lab, bytes: string): Promise<string[]> {
  writeFileSync(lab.spool, bytes, "latin1");
  const broken: string[] = [];
  for (const commands of [everything, ["p *", "q"]]) broken.push(...judge(await lab.play(commands, { limit })));
  for (const argv of [["-H"], ["-e"]]) broken.push(...judge(await lab.play([], { argv, limit })));
  return broken;
}

const rc = "set dot\nset noaskcc\nset noaskbcc\n";

export const fuzzMailbox: Campaign = {
  name: "fuzz-mailbox",
  does: "lists, prints, saves and rewrites broken and huge mailboxes",
  needs: [],
  async rounds(client) {
    const round = (title: string, make: () => string): Round => ({
      title,
      play: () => inLab(client, title, (lab) => playMailbox(lab, make()), { rc }),
    });
    return [
      ...Object.entries(mailboxes).map(([title, make]) => round(title, make)),
      ...Array.from({ length: 100 }, (_, at) => round(`mutation ${at}`, () => makeMutated(`mutation ${at}`))),
    ];
  },
};

const words =
  "h p t n d u dp dt z z- z+ f from top size pre hold mbox s c w set unset alias alt ignore retain discard pwd echo file folders folder inc help ? list version = # - + else endif unread U type Type undelete touch next save copy write headers Reply r reply R F unalias more page nosuch".split(
    " ",
  );
const operands = [
  ...'1 * $ ^ . 1-3 3-1 0 -1 99999999999999999999 1- - :n :u :r :d :z /sub / sender " \\ % # +x & + out (1 $HOME ~ ~no-such-user crt=0'.split(
    " ",
  ),
  ...[
    "screen=-1",
    "toplines=x",
    "header",
    "folder=",
    "escape=",
    "x=y=z",
    "=",
    "\xc3\xa9",
    "\0",
    "\x01",
    "a".repeat(5000),
    "[",
    "--",
  ],
];
const options =
  "-H -e -N -i -I -v -E -B -F -s -c -b -r -a -f -u -S -q -t -A -h -V --help --version -- - -Z --nosuch -sx -fnosuch".split(
    " ",
  );
const values = [
  "x",
  "",
  " ",
  "nosuchfile",
  ".",
  "a".repeat(3000),
  "x=y",
  "-",
  "@",
  "<",
  '"',
  ",",
  "a,b",
  "\x01",
  "dot",
  "+x",
  "%",
  "%nosuch",
  "#",
  "<>",
];

function repeat<T>(most: number, random: () => number, make: () => T): T[] {
  return Array.from({ length: 1 + Math.floor(random() * most) }, make);
}

async function playCommands(lab: Lab): Promise<string[]> {
  const { random } = lab;
  const commands = repeat(11, random, () =>
    [pick(words, random), ...repeat(3, random, () => pick(operands, random))].join(" "),
  );
  const argv = repeat(5, random, () => pick(random() < 0.6 ? options : values, random));
  const session = judge(await lab.play([...commands, ".", "x"], { limit }));
  const start = judge(await lab.play(pick([[], ["x"], ["body", "q"], ["", "."]], random), { argv, limit }));
  return [
    ...session.map((what) => `${commands.join(" ; ")}: ${what}`),
    ...start.map((what) => `${argv.join(" ")}: ${what}`),
  ];
}

export const fuzzCommands: Campaign = {
  name: "fuzz-commands",
  does: "plays random commands, and starts with random options",
  needs: [],
  async rounds(client) {
    return Array.from({ length: 200 }, (_, at) => ({
      title: `random ${at}`,
      play: () => inLab(client, `random ${at}`, playCommands, { rc }),
    }));
  },
};
