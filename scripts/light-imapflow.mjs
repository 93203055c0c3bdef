/**
 * Removes the parts of imapflow that this program does not use: the logger, most commands, and the decoding of
 * downloaded parts. These parts are several times as large as the rest. test/mailbox/imap/imapflow.test.ts checks that
 * this program uses only the two remaining commands.
 */
const packages = /^(?:pino|socks|iconv-lite|libmime|libqp|libbase64|encoding-japanese|@zone-eu\/mailsplit(?:\/.*)?)$/;
const files = /^\.\/(?:download|sockets-transport|streams-transport|jp-decoder|search-compiler|special-use)\.js$/;
const commands = /^\.\/imap-commands\.js$/;

/** The commands that imapflow sends before the login. */
const neededCommands = ["capability", "starttls"];

/** A rolldown plugin that replaces each module of the unused parts with an empty module. */
export const lightImapflow = {
  name: "imapflow-without-unused-parts",
  resolveId: {
    filter: { id: [packages, files, commands] },
    handler(id, importer) {
      if (!/[/]node_modules[/]imapflow[/]/.test(importer ?? "")) return null;
      return commands.test(id) ? `${importer.replace(/[^/]+$/, "")}\0imap-commands.js` : `\0unused ${id}`;
    },
  },
  load: {
    filter: { id: [/^\0unused /, /\0imap-commands\.js$/] },
    handler: (id) => {
      // imapflow calls the second function for every socket, although only a proxy needs it.
      if (id.includes("proxy-connection"))
        return "export function proxyConnection() {}\nexport function detachEarlyErrorHandler() {}";
      if (id.startsWith("\0unused ")) return "module.exports = {};";
      const imports = neededCommands.map((name) => `import ${name} from "./commands/${name}.js";`).join("\n");
      const entries = neededCommands.map((name) => `["${name.toUpperCase()}", ${name}]`).join(", ");
      return `${imports}\nexport default new Map([${entries}]);`;
    },
  },
};
