import base from "./jest.config.mjs";

/** What takes too long for every run of npm test: thousands of generated messages, kills, peers. */
export default {
  ...base,
  // One at a time: they count on the machine, and on its ports and disks, as if they were alone.
  maxWorkers: 1,
  testMatch: ["**/*.heavy.test.ts"],
  testPathIgnorePatterns: ["/node_modules/"],
  testTimeout: 300_000,
};
