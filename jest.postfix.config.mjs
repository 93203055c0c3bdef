import base from "./jest.config.mjs";

export default {
  ...base,
  maxWorkers: 1,
  roots: ["<rootDir>/test/postfix"],
  testPathIgnorePatterns: ["/node_modules/"],
  testTimeout: 120_000,
};
