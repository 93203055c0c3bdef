/**
 * The one change of nodemailer's code that the build makes: it draws a name for its log from node:crypto, which takes 2 ms
 * to load and is used for nothing else. A build with another nodemailer fails here.
 */
import { readFileSync } from "node:fs";

const randomName = /this\.id = crypto\.randomBytes\([^;]*;/g;

/** Returns nodemailer's connection without the random name. @throws Error if the code is not the one that is known */
export function patchConnection(text) {
  if (text.match(randomName)?.length !== 1)
    throw new Error("nodemailer's smtp-connection: the random name is not there");
  return text.replace(randomName, "this.id = String(process.pid);");
}

/** A plugin of esbuild. */
export const withoutRandomName = {
  name: "connection-without-a-random-name",
  setup(builder) {
    builder.onLoad({ filter: /smtp-connection[/]index[.]js$/ }, ({ path }) => ({
      contents: patchConnection(readFileSync(path, "utf8")),
    }));
  },
};
