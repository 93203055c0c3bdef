import { expect, test } from "@jest/globals";
import { formatBar, formatPace, ProgressBar } from "../../src/terminal/progress.ts";
import type { Stroke } from "../../src/terminal/standard-streams.ts";

/**
 * Returns the texts that are drawn during a task, and the text that remains on the screen. The task has the given
 * duration, and advances every 50 ms.
 */
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

test("a task that takes less than half a second shows no bar", () => expect(drawn(450).texts).toEqual([]));

test("a longer task shows a bar, updates it at most ten times a second, and removes it", () => {
  const { texts, left } = drawn(1000);
  expect(texts).toHaveLength(5);
  expect(texts[0]).toBe("archive  50 % [#####-----]");
  expect(left).toBe("");
});

test.each([10, 20, 40, 80, 200])("a bar fits in %i columns", (columns) => {
  expect(formatBar("日本語のフォルダ", 0.5, columns).length).toBeLessThanOrEqual(columns);
});

test("a bar for bytes shows the speed and the time left", () => {
  const detail = formatPace(512 << 20, 1024 * (1 << 20), 1000);
  expect(detail).toBe(" of 1024 MB, 512 MB/s, 1 s left");
  expect(formatBar("archive", 0.5, 79, detail)).toMatch(/^archive {2}50 % of 1024 MB, 512 MB\/s, 1 s left \[#+-+\]$/);
});
