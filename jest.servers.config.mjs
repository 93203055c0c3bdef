import base from "./jest.config.mjs";

/** Tests against real servers, which an ordinary user can run. */
export default {
  ...base,
  maxWorkers: 1,
  roots: ["<rootDir>/test/servers"],
  testPathIgnorePatterns: ["/node_modules/"],
  testTimeout: 120_000,
};
