import { expect, test } from "@jest/globals";
import { type Option, options } from "../../src/cli/options.ts";
import { parseArguments } from "../../src/cli/parse.ts";

const alone = options.filter((option: Option) => option.alone !== undefined);

test("who mistypes an option is shown every use there is, within the width of a terminal", async () => {
  const mistake = (await parseArguments(["-Z"], () => {}).catch((error: Error) => error)) as Error;
  const [complaint, ...lines] = mistake.message.split("\n");
  expect(complaint).toBe("mail: unknown option '-Z'");
  for (const { long } of alone) expect(mistake.message).toContain(`--${long}`);
  expect(lines.filter((line) => line.length > 90)).toEqual([]);
});
