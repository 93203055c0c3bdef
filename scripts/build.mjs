/**
 * Builds dist/: one bundle a program, and the V8 code cache that halves what loading it costs.
 *
 * The bundles are CommonJS, because a cached script must be; a module that src/ imports dynamically is in the same file
 * but is not evaluated before it is asked for. koffi stays outside: it is native.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const dist = join(root, "dist");

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist);
await build({
  entryPoints: [join(root, "src/mail.ts"), join(root, "src/maild.ts")],
  outdir: dist,
  outExtension: { ".js": ".cjs" },
  bundle: true,
  minify: true,
  platform: "node",
  target: "node20",
  format: "cjs",
  // So that import() becomes a lazy require(), which a script from the code cache can do.
  supported: { "dynamic-import": false },
  mainFields: ["module", "main"],
  external: ["koffi"],
  legalComments: "none",
});
copyFileSync(join(root, "scripts/start.cjs"), join(dist, "start.cjs"));
writeFileSync(join(dist, "package.json"), '{ "type": "commonjs" }\n');
for (const program of ["mail", "maild"]) {
  execFileSync(process.execPath, [join(dist, "start.cjs"), program, "--write-code-cache"], { stdio: "inherit" });
}
