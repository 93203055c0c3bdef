/** What manual.mjs writes into the manual pages. */
export { options } from "../src/cli/options.ts";
export { tildeEscapes } from "../src/compose/tilde-escapes.ts";
export { variables } from "../src/config/variables.ts";
export { commands } from "../src/read/command-table.ts";
