/**
 * Compares the start-up time of `mail -V` with that of `node -e 0`. The programs run alternately, so that other load on
 * the machine affects both. Prints the medians and their ratio. The exit code is 1 only if the ratio exceeds the limit
 * in all three attempts, because the machine may be temporarily busy with other work.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { median } from "./bench/measure.mjs";
import { ready, root } from "./ready.mjs";

const limit = 1.25;
const runs = 40;
const attempts = 3;

/** Runs a program. @returns the elapsed time in milliseconds */
function time(argv) {
  // With extra certificates, Node itself starts so slowly that the program's own start-up time would be insignificant.
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
