/** The version. The build inserts package.json's (scripts/build.mjs), and test/package.test.ts compares the two. */
export const version = "0.1.0";
