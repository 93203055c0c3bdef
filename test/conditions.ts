/** The conditions that some tests require. A test whose condition is not met is reported as skipped. */
import { spawnSync } from "node:child_process";
import { describe, test } from "@jest/globals";

export const isRoot = process.geteuid?.() === 0;

/** Returns whether all of the given programs are in the PATH. */
export function isInstalled(...programs: readonly string[]): boolean {
  return programs.every((name) => spawnSync("/bin/sh", ["-c", 'command -v "$1"', "sh", name]).status === 0);
}

/** A test that only root can run. */
export const testAsRoot = isRoot ? test : test.skip;

/** Returns `test`, or `test.skip` if one of the programs is not installed. */
export function testWith(...programs: readonly string[]): typeof test | typeof test.skip {
  return isInstalled(...programs) ? test : test.skip;
}

/** Returns `describe`, or `describe.skip` if the condition is not met. */
export function describeIf(isMet: boolean): typeof describe | typeof describe.skip {
  return isMet ? describe : describe.skip;
}
