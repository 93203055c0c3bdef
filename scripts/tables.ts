/** The tables from which the manual pages and the completions are generated. */
export { options } from "../src/cli/options.ts";
export { tildeEscapes } from "../src/compose/typing/tilde-escapes.ts";
export { variables } from "../src/config/variables.ts";
export { maildOptions } from "../src/maild/maild-options.ts";
export { commands, declaredCommands } from "../src/read/commands/command-table.ts";
export { queryTerms } from "../src/read/query/term-table.ts";
export { sendmailOptions } from "../src/sendmail/sendmail-options.ts";
