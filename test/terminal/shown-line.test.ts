import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { emulator } from "../../scripts/emulator.mjs";
import { createLine } from "../../src/terminal/line-state.ts";
import { ShownLine } from "../../src/terminal/shown-line.ts";
import { Output } from "../../src/terminal/standard-streams.ts";

/** Returns the screen after the window has been resized while a line was being typed. */
async function resized(prompt: string, text: string): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), "mail-shown-line-"));
  const path = join(directory, "terminal");
  const descriptor = openSync(path, "w");
  try {
    const output = new Output(descriptor, { guarded: true });
    let size = { rows: 6, columns: 40 };
    const draw = output.draw.bind(output);
    const line = new ShownLine({ size: () => size, draw, drawLater: draw }, prompt);
    output.write("above\n");
    line.show(createLine(text));
    const before = readFileSync(path).length;
    size = { rows: 6, columns: 30 };
    line.showInNewWindow(createLine(text));
    const all = readFileSync(path, "utf8");
    const screen = emulator({ rows: 6, columns: 40 });
    await screen.write(all.slice(0, before));
    screen.resize(size);
    await screen.write(all.slice(before));
    return screen.withCursor();
  } finally {
    closeSync(descriptor);
    rmSync(directory, { recursive: true, force: true });
  }
}

test.each(["", "& "])(
  "after the window has been resized, a line with the prompt %j is shown only once",
  async (prompt) => {
    expect(await resized(prompt, "half a line")).toBe(`above\n${prompt}half a line█`);
  },
);
