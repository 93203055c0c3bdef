/** The release. A build inserts that of package.json (scripts/build.mjs); test/package.test.ts compares the two. */
export const version = "0.1.0";
