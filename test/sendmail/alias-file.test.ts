/** Tests sendmail's alias file. */
import { chmodSync, linkSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import fc from "fast-check";
import { Exit } from "../../src/errors.ts";
import { expandAliases, parseAliasFile, readAliasFile } from "../../src/sendmail/alias-file.ts";

const localName = (address: string) => (address.includes("@") ? undefined : address);
const expand = (text: string, ...names: string[]) => expandAliases(parseAliasFile("aliases", text), names, localName);

test.each([
  ["a name", "root: ann@x.org", ["root"], ["ann@x.org"]],
  ["another case", "Root: ann@x.org", ["ROOT"], ["ann@x.org"]],
  ["several members", "root: ann@x.org, bob , Carl <carl@x.org>", ["root"], ["ann@x.org", "bob", "carl@x.org"]],
  [
    "continuation lines and comments",
    "# c\nroot: ann@x.org,\n  # not a member\n\n\tbob\nx: y",
    ["root"],
    ["ann@x.org", "bob"],
  ],
  ["a quoted name", '"the boss": ann@x.org', ["the boss"], ["ann@x.org"]],
  ["an alias of an alias", "a: b\nb: c\nc: d@x.org", ["a"], ["d@x.org"]],
  ["two ways to the same address", "a: b, c\nb: d\nc: d\nd: e@x.org", ["a"], ["e@x.org"]],
  ["its own name", "ann: ann, bob@x.org", ["ann"], ["ann", "bob@x.org"]],
  ["a backslash, which prevents expansion", "ann: \\ann, bob\nbob: carl@x.org", ["ann"], ["ann", "carl@x.org"]],
  ["other names and addresses", "root: ann", ["bob", "root@x.org"], ["bob", "root@x.org"]],
  ["the first of two definitions", "a: b@x.org\na: c@x.org", ["a"], ["b@x.org"]],
])("%s is expanded", (_what, text, names, recipients) => {
  expect(expand(text, ...names)).toEqual({ recipients, refused: [] });
});

test.each([
  ['root: "|/usr/bin/procmail", ann@x.org', "command"],
  ["root: |/usr/bin/procmail, ann@x.org", "command"],
  ["root: /var/mail/archive, ann@x.org", "file"],
  ["root: /dev/null, ann@x.org", "file"],
  ["root: :include:/etc/list, ann@x.org", "include"],
  ["root: sub, ann@x.org\nsub: |x", "command"],
])("in the aliases %j, the %s is refused, and the other member receives the message", (text, what) => {
  const { recipients, refused } = expand(text, "root");
  expect(recipients).toEqual(["ann@x.org"]);
  expect(refused).toEqual([{ recipient: expect.any(String), reply: expect.stringContaining(what), exit: Exit.Config }]);
});

test.each([
  ["a: b\nb: a", "a -> b -> a"],
  ["a: b\nb: c, d@x.org\nc: b", "b -> c -> b"],
])("the loop in %j is reported", (text, steps) => {
  expect(expand(text, "a").refused).toEqual([
    { recipient: expect.any(String), reply: expect.stringContaining(steps), exit: Exit.Config },
  ]);
});

test("each faulty entry is reported with its line number", () => {
  const text = "# comment\nno colon here\na: |x\na: b\nroot: ann\n";
  expect(parseAliasFile("aliases", text).faults).toEqual([
    expect.stringMatching(/^aliases:2: /),
    expect.stringMatching(/^aliases:3: a: \|x: /),
    expect.stringMatching(/^aliases:4: a: defined again/),
  ]);
});

test("any text can be parsed and expanded", () => {
  const words = fc.constantFrom("a", "b", ":", ",", "\n", " ", '"', "\\", "|", "/", "#", "@x", ":include:");
  fc.assert(
    fc.property(fc.array(words), (parts) => {
      const { recipients } = expand(parts.join(""), "a", "b");
      for (const each of recipients) expect(each).not.toMatch(/^["]?[|/]/);
    }),
  );
});

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "mail-aliases-"));
  writeFileSync(join(directory, "aliases"), "root: ann@x.org\n", { mode: 0o644 });
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test.each<[string, (path: string) => void]>([
  ["writable by others", (path) => chmodSync(path, 0o666)],
  ["in a directory that others can write to", () => chmodSync(directory, 0o777)],
  ["a hard link", (path) => linkSync(path, `${path}2`)],
  [
    "a symbolic link",
    (path) => {
      rmSync(path);
      symlinkSync("/etc/passwd", path);
    },
  ],
  ["missing", (path) => rmSync(path)],
])("a file that is %s is refused with exit code 78", (_what, change) => {
  const path = join(directory, "aliases");
  expect(readAliasFile(path).aliases.size).toBe(1);
  change(path);
  expect(() => readAliasFile(path)).toThrow(
    expect.objectContaining({ exit: Exit.Config, message: expect.stringMatching(/^aliasfile: /) }),
  );
});
