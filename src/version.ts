/**
 * The version. The build inserts the version of package.json (scripts/build.mjs), and test/package.test.ts compares the
 * two.
 */
export const version = "0.1.0";
