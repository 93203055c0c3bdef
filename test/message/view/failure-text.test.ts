import { expect, test } from "@jest/globals";
import { listFailedInText } from "../../../src/message/view/failure-text.ts";

test.each(["-", "@", "a@", "fail ", "user ", " ", "\n", "mail to ", "- ", "message", "a\n", "\ta@b\n", "permanent a "])(
  "a long report of %j is searched in linear time",
  (text) => {
    const found = listFailedInText(`It has failed.\n${text.repeat(300_000)}`);
    expect(found ?? []).toEqual(text.includes("a@b") ? ["a@b"] : []);
  },
);
