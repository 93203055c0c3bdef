import { expect, test } from "@jest/globals";
import { format } from "date-fns/format";
import fc from "fast-check";
import { formatAsctime } from "../../src/mailbox/from-line.ts";
import { formatDateField } from "../../src/message/format-field.ts";

test("the dates in a Date field and in a From_ line have the form that date-fns would give them", () => {
  fc.assert(
    fc.property(fc.date({ min: new Date("0001-01-02"), max: new Date("9998-01-01"), noInvalidDate: true }), (date) => {
      // For years in which local mean time was used, offsets include seconds, which RFC 5322 cannot express.
      fc.pre(date.getFullYear() > 1950);
      expect(formatDateField(date)).toBe(format(date, "EEE, d MMM yyyy HH:mm:ss xx"));
      const day = String(date.getDate()).padStart(2);
      expect(formatAsctime(date)).toBe(format(date, `EEE MMM '${day}' HH:mm:ss yyyy`));
    }),
  );
});
