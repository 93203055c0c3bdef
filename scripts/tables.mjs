/** Loads the tables of src/ from which manual pages and completions are generated. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { root } from "./ready.mjs";

/**
 * Loads the tables from a bundle, because Node 20 cannot read TypeScript. The handlers in the tables are not called.
 */
export async function loadTables() {
  const directory = mkdtempSync(join(tmpdir(), "mail-tables-"));
  const outfile = join(directory, "tables.mjs");
  try {
    await build({
      entryPoints: [join(root, "scripts/tables.ts")],
      outfile,
      bundle: true,
      platform: "node",
      target: "node20",
      format: "esm",
      external: ["koffi"],
      logLevel: "error",
    });
    return await import(pathToFileURL(outfile).href);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
