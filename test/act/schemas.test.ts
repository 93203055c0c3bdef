import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { Ajv2020 } from "ajv/dist/2020.js";
import { formatSchemas, schemaForms } from "../../src/act/schemas.ts";

type Schema = { readonly [key: string]: Schema | unknown };

/** The published schemas, on which programs rely. Fields may be added to this file, but never removed or changed. */
const published = JSON.parse(readFileSync(join(import.meta.dirname, "published-schemas.json"), "utf8")) as Schema;

/** Keywords that do not affect validation. */
const notes = new Set(["title", "description", "examples"]);

/**
 * Returns the changes that could break a program that relies on the published schema: missing fields, and fields whose
 * schema has changed. Additional properties are allowed.
 */
function findBreaks(before: unknown, now: unknown, path: string): string[] {
  if (typeof before !== "object" || before === null) return before === now ? [] : [`${path} has changed`];
  if (typeof now !== "object" || now === null) return [`${path} is missing`];
  if (Array.isArray(before)) {
    // A property may become required, because the schemas describe only output.
    const kept = before.every(
      (each) => Array.isArray(now) && now.some((one) => JSON.stringify(one) === JSON.stringify(each)),
    );
    const isWider = !path.endsWith("/required") && Array.isArray(now) && now.length !== before.length;
    return kept && !isWider ? [] : [`${path} has changed`];
  }
  return Object.entries(before).flatMap(([key, value]) => {
    if (notes.has(key) && !path.endsWith("/properties")) return [];
    return findBreaks(value, (now as Schema)[key], `${path}/${key}`);
  });
}

test("no published field is removed or changed without a new version", () => {
  const now = JSON.parse(formatSchemas(undefined)) as Schema;
  if (now["version"] !== published["version"])
    throw new Error("publish the new version: test/act/published-schemas.json");
  expect(findBreaks(published, now, "")).toEqual([]);
});

test("every field of the current version is published", () => {
  expect(published).toEqual(JSON.parse(formatSchemas(undefined)));
});

test.each<[what: string, change: (text: string) => string]>([
  ["a removed field", (text) => text.replace(/"messageId": \{[^}]*\},/, "")],
  ["a field that is no longer required", (text) => text.replace('"messageId",', "")],
  [
    "another type",
    (text) => text.replace('"done": {\n          "type": "boolean"', '"done": {\n          "type": "string"'),
  ],
  ["another value", (text) => text.replace('"unread",', '"seen",')],
  ["an additional value of an enumeration", (text) => text.replace('"unread",', '"unread", "seen",')],
  ["text that is no longer marked as untrusted", (text) => text.replace('"x-untrusted": true', '"x-untrusted": false')],
])("the check finds %s", (_what, change) => {
  const text = formatSchemas(undefined);
  expect(change(text)).not.toBe(text);
  expect(findBreaks(published, JSON.parse(change(text)), "")).not.toEqual([]);
});

test.each(schemaForms)("the schema for the %s form is a valid JSON Schema", (form) => {
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
  for (const keyword of ["x-untrusted", "version"]) ajv.addKeyword(keyword);
  const schema = JSON.parse(formatSchemas(form)) as object;
  expect(ajv.validateSchema(schema)).toBe(true);
  expect(() => ajv.compile(schema)).not.toThrow();
});

test("text that a message's sender controls is marked as untrusted", () => {
  const { properties } = JSON.parse(formatSchemas("message")) as { properties: Record<string, Schema> };
  const isMarked = (schema: unknown): boolean =>
    typeof schema === "object" &&
    schema !== null &&
    Object.entries(schema).some(([key, value]) => key === "x-untrusted" || isMarked(value));
  const trusted = Object.keys(properties).filter((name) => !isMarked(properties[name]));
  expect(trusted.sort()).toEqual(
    [
      "version",
      "id",
      "number",
      "offset",
      "size",
      "lines",
      "state",
      "flagged",
      "answered",
      "flags",
      "thread",
      "isTruncated",
    ].sort(),
  );
});
