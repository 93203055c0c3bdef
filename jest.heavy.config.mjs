import base from "./jest.config.mjs";

/** The tests that are too slow for npm test: thousands of generated messages, killed programs, and other mail clients. */
export default {
  ...base,
  // These tests run one at a time, because they need the machine's processor, ports and disks to themselves.
  maxWorkers: 1,
  testMatch: ["**/*.heavy.test.ts"],
  testPathIgnorePatterns: ["/node_modules/"],
  testTimeout: 300_000,
};
