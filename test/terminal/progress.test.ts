import { expect, test } from "@jest/globals";
import type { Stroke } from "../../src/terminal/output.ts";
import { formatBar, formatPace, ProgressBar } from "../../src/terminal/progress.ts";

/** What is drawn while work goes on for so many milliseconds, a step every 50, with the text on the screen at the end. */
function drawn(milliseconds: number): { texts: string[]; left: string } {
  let clock = 0;
  let screen = "";
  const texts: string[] = [];
  const draw = (strokes: readonly Stroke[]) => {
    screen = "";
    for (const stroke of strokes) if (typeof stroke === "object" && "text" in stroke) screen += stroke.text;
    if (screen !== "") texts.push(screen);
  };
  const bar = new ProgressBar("archive", draw, undefined, () => clock);
  for (; clock <= milliseconds; clock += 50) bar.at(clock, milliseconds, 40);
  return { texts, left: screen };
}

test("work of less than half a second shows nothing", () => expect(drawn(450).texts).toEqual([]));

test("longer work shows a bar, ten times a second at most, and takes it away", () => {
  const { texts, left } = drawn(1000);
  expect(texts).toHaveLength(5);
  expect(texts[0]).toBe("archive  50 % [#####-----]");
  expect(left).toBe("");
});

test.each([10, 20, 40, 80, 200])("a bar fits into %i columns", (columns) => {
  expect(formatBar("日本語のフォルダ", 0.5, columns).length).toBeLessThanOrEqual(columns);
});

test("a bar of bytes says how fast it goes and how long yet", () => {
  const detail = formatPace(512 << 20, 1024 * (1 << 20), 1000);
  expect(detail).toBe(" of 1024 MB, 512 MB/s, 1 s left");
  expect(formatBar("archive", 0.5, 79, detail)).toMatch(/^archive {2}50 % of 1024 MB, 512 MB\/s, 1 s left \[#+-+\]$/);
});
