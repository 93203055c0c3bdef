import { expect, test } from "@jest/globals";
import { exitCodeForRefusal, queueIdOf, replyOnOneLine } from "../../src/submit/replies.ts";

test.each([
  ["250 2.0.0 Ok: queued as DE3232C16A", "DE3232C16A"],
  ["250 2.0.0 Ok: queued as 4Zx1Yb3Jq2z7Vc", "4Zx1Yb3Jq2z7Vc"],
  ["250 OK id=1xVyyZ-0004DM-2h", "1xVyyZ-0004DM-2h"],
  ["250 2.0.0 1a2b3c4d Message accepted for delivery", "1a2b3c4d"],
  ["250 2.0.0: 1a2b3c4d Message accepted for delivery", "1a2b3c4d"],
  ["250 ok", undefined],
])("the reply %j contains the queue id %s", (reply, id) => {
  expect(queueIdOf(reply)).toBe(id);
});

test.each([
  ["451 4.3.0 later", 75],
  ["550 5.1.1 who", 67],
  ["550 5.1.2 where", 68],
  ["550 who", 67],
  ["554 5.7.1 no", 69],
  ["554 5.6.0 no", 65],
  ["hello", 76],
])("the reply %j results in exit code %s", (reply, exit) => {
  expect(exitCodeForRefusal(reply)).toBe(exit);
});

test("a multi-line reply becomes one line without characters that control a terminal", () => {
  expect(replyOnOneLine("550-5.1.1 first\r\n550 5.1.1 second \u001b]0;x\u0007")).toBe(
    "550 5.1.1 first 5.1.1 second ?]0;x?",
  );
});
