/** The version of this release. test/package.test.ts checks that package.json contains the same version. */
export const version = "0.1.0";
