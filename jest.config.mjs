export default {
  testEnvironment: "node",
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
