/** Checks the machine-readable output of `mail` against the schemas that --json-schema prints. */
import { expect } from "@jest/globals";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { formatSchemas } from "../../../src/act/schemas.ts";
import { namedReasons } from "../../../src/reasons.ts";

const ajv = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true });
for (const keyword of ["x-untrusted", "version"]) ajv.addKeyword(keyword);

const validators = new Map<string, ValidateFunction>();

/** The forms whose output the tests have checked; used to detect a form that no test covers. */
export const printedForms = new Set<string>();

/** Parses lines of JSON, each of which must conform to the form's schema. */
export function parseLines(form: string, text: string): Record<string, unknown>[] {
  const known = validators.get(form);
  const validate = known ?? ajv.compile(JSON.parse(formatSchemas(form)) as object);
  validators.set(form, validate);
  expect(text).toMatch(/^(?:[^\x00-\x09\x0b-\x1f\x7f-\x9f]*\n)*$/);
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => {
      const value = JSON.parse(line) as Record<string, unknown>;
      const conforms = validate(value);
      expect({ form, conforms, errors: validate.errors }).toEqual({ form, conforms: true, errors: null });
      printedForms.add(form);
      return value;
    });
}

/**
 * Parses the lines on standard error, each of which must be an error or a warning. An error must have one of the reasons
 * that the schema lists, and a remedy.
 */
export function parseProblems(text: string): Record<string, unknown>[] {
  return text
    .split(/(?<=\n)/)
    .filter((line) => line !== "")
    .flatMap((line) => parseLines("error" in (JSON.parse(line) as object) ? "error" : "warning", line))
    .map((problem) => {
      const { error } = problem as { error?: { reason: string; remedy: string | null } };
      if (error !== undefined && !/^E[A-Z0-9]+$/.test(error.reason)) expect(namedReasons).toContain(error.reason);
      expect(error?.remedy).not.toBe(null);
      return problem;
    });
}
