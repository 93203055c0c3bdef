import { expect, test } from "@jest/globals";
import { colourLevel, colours, loadTheme } from "../../src/terminal/theme.ts";

test.each([
  ["a terminal", { TERM: "xterm" }, true, 1],
  ["a terminal with 256 colours", { TERM: "xterm-256color" }, true, 2],
  ["a terminal with 24-bit colour", { TERM: "xterm-256color", COLORTERM: "truecolor" }, true, 3],
  ["a pipe", { TERM: "xterm" }, false, 0],
  ["TERM=dumb", { TERM: "dumb" }, true, 0],
  ["no TERM", {}, true, 0],
  ["NO_COLOR", { TERM: "xterm", NO_COLOR: "1" }, true, 0],
  ["an empty NO_COLOR is ignored", { TERM: "xterm", NO_COLOR: "" }, true, 1],
  ["FORCE_COLOR=0", { TERM: "xterm", FORCE_COLOR: "0" }, true, 0],
  ["FORCE_COLOR in a pipe", { TERM: "xterm", FORCE_COLOR: "1" }, false, 1],
  ["FORCE_COLOR=2 on a dumb terminal", { TERM: "dumb", FORCE_COLOR: "2" }, true, 2],
  ["NO_COLOR overrides FORCE_COLOR", { NO_COLOR: "1", FORCE_COLOR: "1" }, true, 0],
])("%s determines the colour level", (_where, environment, isTerminal, level) => {
  expect(colourLevel(environment, isTerminal)).toBe(level);
});

/** Returns the luminance of a colour in the 6x6x6 cube of xterm's palette (WCAG 2, relative luminance). */
function luminance(colour: number): number {
  const steps = [0, 95, 135, 175, 215, 255];
  const [red, green, blue] = [36, 6, 1].map((place) => {
    const part = (steps[Math.floor((colour - 16) / place) % 6] as number) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

test.each(Object.entries(colours))("the colour of %s is readable on black and on white", (_style, colour) => {
  expect((luminance(colour) + 0.05) / 0.05).toBeGreaterThanOrEqual(3.5);
  expect(1.05 / (luminance(colour) + 0.05)).toBeGreaterThanOrEqual(3.5);
});

test("a newline is not coloured", async () => {
  const paint = await loadTheme(1);
  expect(paint("Subject:\n", "field-name")).toBe("\x1b[1mSubject:\x1b[22m\n");
  expect(paint("text\n", "plain")).toBe("text\n");
});
