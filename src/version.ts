/** The release, as package.json has it (test/package.test.ts compares them). */
export const version = "0.1.0";
