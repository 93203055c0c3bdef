import base from "./jest.config.mjs";

/** What takes too long for every run of npm test: thousands of generated messages, kills, peers. */
export default {
  ...base,
  testMatch: ["**/*.heavy.test.ts"],
  testPathIgnorePatterns: ["/node_modules/"],
  testTimeout: 300_000,
};
