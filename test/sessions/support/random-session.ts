/** Random sessions, each with a mailbox, start-up lines and commands. The same seed produces the same session. */

/** Returns a source of pseudo-random numbers from 0 (inclusive) to 1 (exclusive), which uses mulberry32. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

export interface RandomSession {
  readonly argv: readonly string[];
  readonly mailrc: string;
  readonly files: Readonly<Record<string, string>>;
  readonly input: string;
}

type Chance = <T>(choices: readonly T[]) => T;

export function randomSession(seed: number): RandomSession {
  const next = random(seed);
  const pick: Chance = (choices) => choices[Math.floor(next() * choices.length)] as (typeof choices)[number];
  const upTo = (most: number) => Math.floor(next() * (most + 1));
  const some = (most: number, make: (index: number) => string) =>
    Array.from({ length: upTo(most) }, (_, index) => make(index)).join("");
  const count = 1 + upTo(6);
  const inFile = next() < 0.3;
  const box = Array.from({ length: count }, (_, index) => message(pick, next, index + 1)).join("");
  const files: Record<string, string> = { [inFile ? "box" : "spool"]: box };
  if (next() < 0.5) files["mbox"] = message(pick, next, 90);
  if (next() < 0.5) files["other"] = message(pick, next, 91) + message(pick, next, 92);
  if (next() < 0.3) files["Mail/x"] = message(pick, next, 93);
  files["rc2"] = some(3, () => `${command(pick, count)}\n`);
  const headers = next() < 0.5 ? [] : ["-N"];
  return {
    argv: [...headers, ...(next() < 0.2 ? ["-I"] : []), ...(inFile ? ["-f", "box"] : [])],
    mailrc: some(4, () => `${setting(pick)}\n`),
    files,
    input: `${some(10, () => `${command(pick, count)}\n`)}${pick(["q\n", "q\n", "x\n", ""])}`,
  };
}

const users = ["ann@example.org", "ben@example.com", "root", "host!carl", "dora@x.org", "Ann@Example.org"];

function message(pick: Chance, next: () => number, number: number): string {
  const user = pick(users);
  const from = pick([
    user,
    `Name <${user}>`,
    `"Q. Name" <${user}>`,
    `${user} (A comment)`,
    `<${user}>`,
    `=?utf-8?q?J=C3=BC?= <${user}>`,
    `${user}, ann@example.org`,
  ]);
  const maybe = (chance: number, line: string) => (next() < chance ? line : "");
  const date = pick(["Sat Jan 16 18:22:03 2021", "Mon Nov  3 01:02:03 2025", "Sat Jan 16 18:22 UTC 2021", "long ago"]);
  return [
    `From ${user.replace(/ /g, "")} ${date}\n`,
    maybe(0.9, `From: ${from}\n`),
    maybe(
      0.9,
      `To: ${pick(["root", "root@host, ann@example.org", "Me <root>, you", "list:;", "zed, ann, Zed", ""])}\n`,
    ),
    maybe(0.3, `Cc: ${pick(["zoe@x.org", "ann@example.org, root, zed", "A (b) <c@d>"])}\n`),
    maybe(0.1, `Reply-To: ${pick(["list@x.org", "", "root", "A <b@c>, d"])}\n`),
    maybe(0.8, `${pick(["Subject", "SUBJECT", "subject"])}: ${pick(subjects)}${number}\n`),
    maybe(0.3, `Message-Id: <${number}@x>\n`),
    maybe(0.2, `Received: by x\n\tfor y\n`),
    maybe(0.2, `X-Odd:${pick(["", " a", "  b  ", " a\n b\n\tc"])}\n`),
    maybe(0.5, `Status: ${pick(["O", "RO", "R", "", "U"])}\n`),
    "\n",
    pick(["Hello.\n", "", "a\nb\nc\n", "x\n\n\ny\n", `${"long ".repeat(40)}\n`, "tab\there\n", "8\u00e9bit\n"]),
    "\n",
  ].join("");
}

const subjects = [
  "hola ",
  "Re: plan ",
  "re: x ",
  "  spaces  ",
  "a\n folded one ",
  `${"long ".repeat(20)}`,
  "h\u00e9 ",
  "",
];

function setting(pick: Chance): string {
  return pick([
    "set hold",
    "set keepsave",
    "set keep",
    "unset append",
    "set quiet",
    "set noheader",
    "set autoprint",
    "set screen=2",
    "set screen=0",
    "set toplines=2",
    "set toplines=0",
    "set toplines=x",
    "set show-rcpt",
    "set showto",
    "set showname",
    "set searchheaders",
    "set Replyall",
    "set folder=Mail",
    "set MBOX=inbox",
    "set crt=3",
    "set indentprefix='> '",
    "retain from subject",
    "ignore to cc x-odd",
    "saveignore x-odd",
    "saveretain from",
    "alias us ann ben@example.com",
    "alternates ann@example.org zoe@x.org",
    "source rc2",
    "if r\nset quiet\nelse\nset hold\nendif",
    "echo starting",
    "bogus line",
  ]);
}

function list(pick: Chance, count: number): string {
  const number = () => String(1 + Math.floor(pick([0, 0.2, 0.4, 0.6, 0.8, 0.99]) * (count + 1)));
  const item = () =>
    pick([
      number(),
      number(),
      `${number()}-${number()}`,
      `${number()}-$`,
      "*",
      "$",
      "^",
      ".",
      "+",
      "-",
      ":n",
      ":o",
      ":r",
      ":u",
      ":d",
      ":nx",
      ":x",
      "ann",
      "ANN",
      "nobody",
      "/hola",
      "/PLAN",
      "/zz",
      "/to:ann",
      "/",
      "0",
      "'ann'",
      "(1)",
    ]);
  return pick([() => "", item, item, item, () => `${item()} ${item()}`])();
}

function command(pick: Chance, count: number): string {
  const messages = () => list(pick, count);
  const file = () =>
    pick(["out", "out", "+new", "&", "other", "Mail/x", "nodir/x", "~/out2", "Mail", "$HOME/o", "o*r"]);
  const withList = pick(
    "p P t type Type Print more top n next d delete u undelete dp dt pre hold mb touch unread U new f from h headers size =".split(
      " ",
    ),
  );
  return pick([
    () => `${withList} ${messages()}`,
    () => `${withList} ${messages()}`,
    () => `${withList} ${messages()}`,
    () => `${withList}${messages()}`,
    messages,
    () => "",
    () => `${pick(["s", "save", "c", "copy", "w", "write"])} ${messages()} ${file()}`,
    () => `${pick(["s", "c", "w"])} ${file()}`,
    () => pick(["z", "z+", "z-", "z 3", "z5", "h+"]),
    () => pick(["inc", "folders", "version", "alias", "alias us", "alternates", "ignore", "retain", "saveignore", "="]),
    () => `${pick(["fo", "file", "folder"])} ${pick(["", "other", "+x", "%", "#", "&", "none", "Mail", "box"])}`,
    () => pick(["set hold", "unset hold nothing", "set x=1 y", "set =", "set crt=2", "set autoprint"]),
    () =>
      pick(["echo $HOME a", "echo *t*r", "echo 'a b' \"c", "cd Mail", "cd", "cd nowhere", "source rc2", "source none"]),
    () =>
      pick([
        "!echo shell",
        "!exit 3",
        `| ${list(pick, count).replace(/[^0-9]/g, "")} cat`,
        "pipe 1-2 wc",
        "| cat",
        "!",
      ]),
    () => pick(["r", "R", "reply 1 2", "Reply *", "r 1\n~p\n.", "m ann\nhello\n.\n", "m"]),
    () => pick(["if s", "else", "endif", "if r", "if x", "# comment", "foo", "p\\", "l", "?", "pr 1 2 3", "x y"]),
  ])();
}
