import { expect, test } from "@jest/globals";
import { aliasCommands } from "../../../src/read/commands/aliases.ts";
import { findCommand } from "../../../src/read/commands/command-table.ts";
import { conditionalCommands } from "../../../src/read/commands/conditionals.ts";
import { fieldCommands } from "../../../src/read/commands/fields.ts";
import { variableCommands } from "../../../src/read/commands/set.ts";
import { findSettingCommand } from "../../../src/read/commands/setting-commands.ts";

const names = [...variableCommands, ...aliasCommands, ...fieldCommands, ...conditionalCommands].flatMap((row) =>
  [row, ...row.synonyms].map(({ name }) => name),
);

test.each(names)("the name %s selects the same command as in the complete table", (name) => {
  expect(findSettingCommand(name)).toBe(findCommand(name));
  expect(findCommand(name)?.name).toBe(name);
});

test.each(["s", "se", "al", "ign", "i", "print", "", "toString"])("the complete table resolves %j", (word) => {
  expect(findSettingCommand(word)).toBeUndefined();
});
