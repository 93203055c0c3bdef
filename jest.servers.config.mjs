import base from "./jest.config.mjs";

/** The settings for tests against real servers. An ordinary user can run these tests. */
export default {
  ...base,
  maxWorkers: 1,
  roots: ["<rootDir>/test/servers"],
  testPathIgnorePatterns: ["/node_modules/"],
  testTimeout: 120_000,
};
