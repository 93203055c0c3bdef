/** The release: the version of package.json, which test/package.test.ts compares. */
export const version = "0.1.0";
