/** Checks the undocumented parts of nodemailer that this program uses, so that an incompatible upgrade is detected. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import SMTPConnection from "nodemailer/lib/smtp-connection";

const root = join(import.meta.dirname, "../..");
const folder = join(root, "src/submit/nodemailer");
interface Package {
  readonly version: string;
  readonly devDependencies: Readonly<Record<string, string>>;
}
const json = (path: string) => JSON.parse(readFileSync(path, "utf8")) as Package;

/** The private members of nodemailer that our code uses. Their names begin with an underscore. */
const privateNames = new Set(
  readdirSync(folder)
    .filter((name) => name.endsWith(".ts"))
    .flatMap((name) => readFileSync(join(folder, name), "utf8").match(/\b_[a-z]\w+/g) ?? []),
);

test("the pinned version of nodemailer is installed", () => {
  const { devDependencies } = json(join(root, "package.json"));
  const { version } = json(join(root, "node_modules/nodemailer/package.json"));
  expect(devDependencies["nodemailer"]).toBe(version);
});

test("nodemailer's connection has all the private members that our code uses", () => {
  const connection = new SMTPConnection({ port: 25 }) as unknown as Record<string, unknown>;
  const missing = [...privateNames].filter((name) => !(name in connection));
  expect(privateNames.size).toBeGreaterThan(15);
  expect(missing).toEqual([]);
});

test("no file outside src/submit/nodemailer uses nodemailer's private members", () => {
  const files = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" }).filter(
    (name) => name.endsWith(".ts") && !name.startsWith("submit/nodemailer/"),
  );
  const others = files.filter((name) =>
    /smtp-connection|\._[a-z]+[A-Z]/.test(readFileSync(join(root, "src", name), "utf8")),
  );
  expect(others).toEqual([]);
});

test("nodemailer's code contains the expected timer names, and calls only the two node:crypto functions that the build provides", () => {
  const text = readFileSync(join(root, "node_modules/nodemailer/dist/esm/smtp-connection/index.js"), "utf8");
  for (const timer of ["GREETING_TIMEOUT", "SOCKET_TIMEOUT", "UPGRADE_TIMEOUT"]) expect(text).toContain(timer);
  expect(text.match(/\bcrypto\.\w+|\bid = crypto/g)).toEqual(["id = crypto", "crypto.createHmac"]);
  expect(text).toContain("this.id = crypto.randomBytes(8).toString('base64')");
});
