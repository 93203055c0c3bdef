import base from "./jest.config.mjs";

export default {
  ...base,
  maxWorkers: 1,
  roots: ["<rootDir>/test/postfix"],
  // This search for rare losses takes several minutes; run it with npm run test:shared-spool.
  testPathIgnorePatterns: ["/node_modules/", ...(process.env.MAIL_TEST_SECONDS === undefined ? ["shared-spool"] : [])],
  testTimeout: 120_000,
};
