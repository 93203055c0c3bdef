/**
 * Replaces node:crypto in nodemailer's connection, which uses random bytes to name the connection in a log. Loading
 * node:crypto takes 2 ms; with this replacement, only a login with CRAM-MD5 loads it.
 */
import crypto from "node:crypto";
import { fileURLToPath } from "node:url";

/** The two functions of node:crypto that nodemailer's connection calls. */
export default {
  randomBytes: () => Buffer.from(`${process.pid}`),
  createHmac: (...given) => crypto.createHmac(...given),
};

/** A rolldown plugin that provides this file to the connection instead of node:crypto. */
export const lightConnection = {
  name: "connection-without-a-random-name",
  resolveId: {
    filter: { id: /^node:crypto$/ },
    handler: (_id, importer) =>
      /smtp-connection[/]index[.]js$/.test(importer) ? fileURLToPath(import.meta.url) : null,
  },
};
