import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** What the machine and its user have set must not matter. Tests of a zone or a locale set it for the program they start. */
process.env.TZ = "UTC";
process.env.LC_ALL = "C.UTF-8";
// Programs started with this process's environment find no start-up file there, and leave nothing with the user.
process.env.HOME = fileURLToPath(new URL("node_modules/.cache/home", import.meta.url));
mkdirSync(process.env.HOME, { recursive: true });
for (const name of ["CONFIG", "STATE", "CACHE", "DATA"]) delete process.env[`XDG_${name}_HOME`];

export default {
  testEnvironment: "node",
  cacheDirectory: "<rootDir>/node_modules/.cache/jest",
  roots: ["<rootDir>/test"],
  setupFiles: ["<rootDir>/test/environment.mjs"],
  testMatch: ["**/*.test.ts"],
  testPathIgnorePatterns: ["/node_modules/", "<rootDir>/test/postfix/", "[.]heavy[.]test[.]ts$"],
  extensionsToTreatAsEsm: [".ts"],
  transform: {
    "\\.ts$": ["@swc/jest", { jsc: { parser: { syntax: "typescript" }, target: "es2022" }, module: { type: "es6" } }],
  },
  // Jest leaves one core to itself, but most of what is waited for are programs that the tests start.
  maxWorkers: "100%",
  // A limit for what hangs: on a busy machine a test takes ten times as long as on a quiet one.
  testTimeout: 60_000,
};
