/**
 * How long `mail -V` takes beside `node -e 0`: the two run in turn, so that a slow spell of the machine meets both.
 * Prints the medians and their ratio; exit code 1 when it is above the limit each of three times, for other programs may
 * come and go while it is measured.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { median } from "./bench/measure.mjs";
import { ready, root } from "./ready.mjs";

const limit = 1.25;
const runs = 40;
const attempts = 3;

/** @returns milliseconds of wall time */
function time(argv) {
  // With more certificates Node itself starts so slowly that nothing of ours would show.
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  const before = process.hrtime.bigint();
  const { status } = spawnSync(process.execPath, argv, { stdio: "ignore", env });
  const after = process.hrtime.bigint();
  if (status !== 0) throw new Error(`${argv.join(" ")}: exit code ${status}`);
  return Number(after - before) / 1e6;
}

ready();
const mail = [join(root, "bin/mail.js"), "-V"];
const node = ["-e", "0"];

function measuredRatio() {
  const took = { mail: [], node: [] };
  time(mail);
  time(node);
  for (let run = 0; run < runs; run++) {
    took.mail.push(time(mail));
    took.node.push(time(node));
  }
  const ratio = median(took.mail) / median(took.node);
  console.log(`node -e 0  ${median(took.node).toFixed(1)} ms`);
  console.log(`mail -V    ${median(took.mail).toFixed(1)} ms`);
  console.log(`ratio      ${ratio.toFixed(3)} (medians of ${runs} runs; at most ${limit})`);
  return ratio;
}

let ratio = measuredRatio();
for (let attempt = 1; attempt < attempts && ratio > limit; attempt++) ratio = measuredRatio();
if (ratio > limit) process.exitCode = 1;
