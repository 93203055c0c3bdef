import { expect, test } from "@jest/globals";
import { adviceFor } from "../src/groups.ts";

const groups = "root:x:0:\nadm:x:4:\nsyslog:x:110:ann\n";
const open = (group: string) => `adduser bob ${group}, then log in again`;
const close = (right: string) => `chgrp adm /log; chmod ${right} /log; ${open("adm")}`;

test.each([
  ["a file that group adm can read", 4, 0o100640, open("adm")],
  ["a file that another group can read", 110, 0o100640, open("syslog")],
  ["a file of root's group, which no user should join", 0, 0o100640, close("g+r")],
  ["a file that only its owner may read", 4, 0o100600, close("g+r")],
  ["a file whose group has no name", 999, 0o100640, close("g+r")],
  ["a directory that group adm may enter", 4, 0o042750, open("adm")],
  ["a directory that its group may read and not enter", 4, 0o040740, close("g+rx")],
])("the advice on access to %s depends on its group and its mode", (_, gid, mode, advice) => {
  expect(adviceFor("/log", "bob", { gid, mode }, groups)).toBe(advice);
});
