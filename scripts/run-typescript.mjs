/** Builds missing files, then runs a TypeScript program in test/: node scripts/run-typescript.mjs FILE ARGUMENT... */
import { register } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { ready } from "./ready.mjs";

ready();
process.argv.splice(1, 1);
// Node 20 cannot run TypeScript directly.
if (!process.features.typescript) register("./typescript-loader.mjs", import.meta.url);
await import(pathToFileURL(resolve(process.argv[1])).href);
