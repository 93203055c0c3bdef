import { expect, test } from "@jest/globals";
import { withStatus } from "../../src/mailbox/status.ts";

test.each([
  ["after the last field", "From u d\nA: b\n\n", "From u d\nA: b\nStatus: RO\n\n"],
  ["in place of the existing field", "From u d\nStatus: O\nA: b\n\n", "From u d\nStatus: RO\nA: b\n\n"],
  ["only once", "From u d\nstatus : O\n more\nA: b\nStatus: R\n\n", "From u d\nStatus: RO\nA: b\n\n"],
  ["with the header's newlines", "From u d\r\nA: b\r\n\r\n", "From u d\r\nA: b\r\nStatus: RO\r\n\r\n"],
  ["before a line that is not a field", "From u d\nA: b\nstray\n\n", "From u d\nA: b\nStatus: RO\n\nstray\n\n"],
  ["before a misplaced From_ line", "From u d\nFrom v d\nA: b\n\n", "From u d\nStatus: RO\n\n>From v d\nA: b\n\n"],
  ["nowhere if the header has no final empty line", "From u d\nA: b\n", "From u d\nA: b\n"],
])("Status is written %s", (_where, header, wanted) => {
  expect(withStatus(Buffer.from(header), "RO").toString()).toBe(wanted);
});
