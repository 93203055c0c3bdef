import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { executeLine } from "../../../src/read/interpreter/interpreter.ts";
import { type Bench, bench } from "../support/session.ts";

const header = "From ann Sat Jan 16 18:22:03 2021\nFrom: ann\nSubject: =?utf-8?q?caf=C3=A9?=\n";
const mime =
  "MIME-Version: 1.0\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n";
let session: Bench;

beforeEach(async () => {
  session = await bench(`${header}${mime}\nma=F1ana\n\n`);
});
afterEach(() => session.remove());

async function run(...lines: string[]): Promise<string> {
  for (const line of lines) await executeLine(session, line);
  return session.said();
}

const stored = `Message 1:\n${header}${mime}Status: RO\n\nma=F1ana\n\n`;
const read = "Message 1:\nFrom ann Sat Jan 16 18:22:03 2021\nFrom: ann\nSubject: café\nStatus: RO\n\nmañana\n\n";

test("without a terminal, a message is printed as it is stored", async () => {
  expect((await run("p")).replace("Status: R\n", "Status: RO\n")).toBe(stored);
});

test("with decode, a message is printed decoded; with nodecode, it is printed as it is stored", async () => {
  expect((await run("set decode", "p")).replace("Status: R\n", "Status: RO\n")).toBe(read);
  expect((await run("set nodecode", "p")).replace("Status: R\n", "Status: RO\n")).toBe(stored);
});

test("Print shows the MIME fields", async () => {
  expect(await run("set decode", "P")).toContain(`Subject: café\n${mime}`);
});

test("ignored fields are not shown", async () => {
  expect(await run("set decode", "ignore subject status", "p")).toBe(
    "Message 1:\nFrom ann Sat Jan 16 18:22:03 2021\nFrom: ann\n\nmañana\n\n",
  );
});

test.each([
  // commands, fields shown
  ["ignore status", ""],
  ["P", "User-Agent: x\nMime-Version: 1.0\nCONTENT-TYPE: text/plain;\n charset=utf-8\n"],
  ["retain content-type", "CONTENT-TYPE: text/plain;\n charset=utf-8\n"],
])(
  "on a terminal with line editing, %s shows these technical fields of a plain-text message: %j",
  async (command, fields) => {
    const technical = "User-Agent: x\nMime-Version: 1.0\nCONTENT-TYPE: text/plain;\n charset=utf-8\n";
    const plain = await bench(`From ann Sat Jan 16 18:22:03 2021\n${technical}\ntext\n\n`);
    Object.assign(plain.terminal, { rich: true });
    try {
      for (const line of ["set decode quiet", command, ...(command === "P" ? [] : ["p"])])
        await executeLine(plain, line);
      const status = command === "P" ? "Status: R\n" : "";
      expect(plain.said()).toBe(`From ann Sat Jan 16 18:22:03 2021\n${fields}${status}\ntext\n\n`);
    } finally {
      await plain.remove();
    }
  },
);

test("text that follows a header without an empty line is shown only once", async () => {
  const broken = await bench("From ann Sat Jan 16 18:22:03 2021\nSubject: s\ntext\nTo: text\n\nmore\n\n");
  try {
    await executeLine(broken, "set decode");
    await executeLine(broken, "p");
    expect(broken.said()).toMatch(/^Message 1:\nFrom .*\nSubject: s\nStatus: R\n\ntext\nTo: text\n\nmore\n\n$/);
  } finally {
    await broken.remove();
  }
});

test("a header field of more than 4 MB is shown, together with the fields after it", async () => {
  const field = `X-Long: ${"y".repeat(5 << 20)}\n`;
  const long = await bench(`From ann Sat Jan 16 18:22:03 2021\n${field}Subject: last\n\ntext\n\n`);
  try {
    await executeLine(long, "set decode");
    await executeLine(long, "p");
    const text = long.said();
    expect(text.includes(`\n${field}Subject: last\n\ntext\n`)).toBe(true);
  } finally {
    await long.remove();
  }
});
