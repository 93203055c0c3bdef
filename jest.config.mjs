import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * The settings of the machine and of the user must not affect the tests. If a test depends on a time zone or a locale,
 * it sets TZ or LC_ALL for the program that it starts.
 */
process.env.TZ = "UTC";
process.env.LC_ALL = "C.UTF-8";
// Programs that inherit this environment find no start-up file, and write nothing to the user's home directory.
process.env.HOME = fileURLToPath(new URL("node_modules/.cache/home", import.meta.url));
mkdirSync(process.env.HOME, { recursive: true });
for (const name of ["CONFIG", "STATE", "CACHE", "DATA"]) delete process.env[`XDG_${name}_HOME`];

export default {
  testEnvironment: "node",
  cacheDirectory: "<rootDir>/node_modules/.cache/jest",
  roots: ["<rootDir>/test"],
  setupFiles: ["<rootDir>/test/environment.mjs"],
  testMatch: ["**/*.test.ts"],
  testPathIgnorePatterns: [
    "/node_modules/",
    "<rootDir>/test/postfix/",
    "<rootDir>/test/servers/",
    "[.]heavy[.]test[.]ts$",
  ],
  extensionsToTreatAsEsm: [".ts"],
  transform: {
    "\\.ts$": ["@swc/jest", { jsc: { parser: { syntax: "typescript" }, target: "es2022" }, module: { type: "es6" } }],
  },
  // By default, Jest keeps one core for itself, but the tests spend most of their time waiting for other programs.
  maxWorkers: "100%",
  // This limit is only for tests that hang: on a busy machine, a test can take ten times as long as on an idle one.
  testTimeout: 60_000,
};
