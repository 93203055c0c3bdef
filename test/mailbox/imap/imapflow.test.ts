/** Checks the internal members of imapflow that this program uses, so that an incompatible upgrade is detected. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "@jest/globals";
import { ImapFlow } from "imapflow";

const root = join(import.meta.dirname, "../../..");
const seam = "mailbox/imap/imap-flow.ts";
const commandFiles = ["mailbox/imap/server-connection.ts", "mailbox/imap/imap-connection.ts"];

interface Package {
  readonly version: string;
  readonly devDependencies: Readonly<Record<string, string>>;
}
const json = (path: string) => JSON.parse(readFileSync(join(root, path), "utf8")) as Package;
const source = (path: string) => readFileSync(join(root, path), "utf8");
const library = source("node_modules/imapflow/dist/esm/imap-flow.js");

test("the pinned version of imapflow is installed", () => {
  expect(json("package.json").devDependencies["imapflow"]).toBe(json("node_modules/imapflow/package.json").version);
});

test("only one file imports imapflow", () => {
  const files = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".ts"),
  );
  expect(files.filter((name) => /from "imapflow/.test(source(`src/${name}`)))).toEqual([seam]);
});

test("imapflow has the internal members that `mail` uses or replaces", () => {
  const flow = new ImapFlow({ host: "localhost", port: 1, logger: false });
  const members = [
    "socket",
    "untaggedHandlers",
    "usable",
    "expectCapabilityUpdate",
    "exec",
    "run",
    "write",
    "failProtocol",
    "getUntaggedHandler",
  ];
  const replaced = ["startSession", "handleResponse", "_failSTARTTLS", "initialPREAUTH"];
  expect([...members, ...replaced].filter((name) => !(name in flow))).toEqual([]);
  expect(library).toContain("this.byeReason = ");
});

test("imapflow calls the replaced methods while it connects", () => {
  expect(library).toMatch(/beginSession\(\) \{.*?this\.startSession\(\)/s);
  expect(library).toMatch(/async upgradeToSTARTTLS\(\) \{.*?return this\._failSTARTTLS\(\);/s);
  expect(library).toContain("keepReading = await this.handleResponse(data);");
  expect(library).toContain("this.untaggedHandlers.PREAUTH = () => this.initialPREAUTH();");
});

test("imapflow's code contains every error code that `mail` translates into a reason", () => {
  const places = [
    "imap-flow.js",
    "connection-deadline.js",
    "handler/imap-stream.js",
    "handler/limits.js",
    "handler/token-parser.js",
  ];
  const text = places.map((name) => source(`node_modules/imapflow/dist/esm/${name}`)).join("\n");
  const [, table = ""] = /const ofErrorCode[^{]*\{([^}]*)\}/.exec(source("src/mailbox/imap/flow-failure.ts")) ?? [];
  const codes = [...table.matchAll(/^ {2}(\w+):/gm)].map(([, code = ""]) => code);
  expect(codes.length).toBeGreaterThan(10);
  expect(codes.filter((code) => !text.includes(`'${code}'`))).toEqual([]);
});

test("the build includes only those commands of imapflow that are sent before the login", async () => {
  const { lightImapflow } = (await import(pathToFileURL(join(root, "scripts/light-imapflow.mjs")).href)) as {
    lightImapflow: { load: { handler(id: string): string } };
  };
  const kept = [...lightImapflow.load.handler("\0imap-commands.js").matchAll(/\["([A-Z]+)"/g)].map(([, name]) => name);
  expect(kept).toEqual(["CAPABILITY", "STARTTLS"]);
  const run = [...source(`src/${seam}`).matchAll(/\.run\("([A-Z]+)"/g)].map(([, name]) => name);
  expect(new Set(run)).toEqual(new Set(["CAPABILITY"]));
  expect(library).toMatch(/async upgradeToSTARTTLS\(\) \{.*?this\.run\('STARTTLS'\)/s);
});

test("no file calls a method of imapflow that sends CLOSE, EXPUNGE or FLAGS", () => {
  const code = [seam, ...commandFiles]
    .map((name) => source(`src/${name}`))
    .join("\n")
    .replace(/\/\*.*?\*\//gs, "");
  expect(code).not.toMatch(/\b(?:message\w+|mailbox(?:Open|Close|Delete)|fetchOne|download|setFlagColor)\(/);
  const commands = [...code.matchAll(/this\.run\(\s*(?:readOnly \? )?"([A-Z ]+)"/g)].map(([, command]) => command);
  expect(commands.sort()).toEqual(
    [
      ...[
        "APPEND",
        "CREATE",
        "DELETE",
        "ENABLE",
        "EXAMINE",
        "GETQUOTAROOT",
        "IDLE",
        "LIST",
        "LOGOUT",
        "NOOP",
        "UID COPY",
        "UID EXPUNGE",
      ],
      ...["UID FETCH", "UID MOVE", "UID SEARCH", "UID SORT", "UID STORE", "UNSELECT"],
    ].sort(),
  );
});
