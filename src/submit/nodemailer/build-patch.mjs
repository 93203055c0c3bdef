/**
 * The only change that the build makes to nodemailer. nodemailer creates a name for its log with node:crypto, which
 * takes 2 ms to load and is not needed otherwise. The build fails if nodemailer's code has changed.
 */
import { readFileSync } from "node:fs";

const randomName = /this\.id = crypto\.randomBytes\([^;]*;/g;

/**
 * Returns nodemailer's connection without the random name.
 *
 * @throws Error if the expected code is not found
 */
export function patchConnection(text) {
  if (text.match(randomName)?.length !== 1)
    throw new Error("nodemailer's smtp-connection: the random name is not there");
  return text.replace(randomName, "this.id = String(process.pid);");
}

/** A plugin for esbuild. */
export const withoutRandomName = {
  name: "connection-without-a-random-name",
  setup(builder) {
    builder.onLoad({ filter: /smtp-connection[/]index[.]js$/ }, ({ path }) => ({
      contents: patchConnection(readFileSync(path, "utf8")),
    }));
  },
};
