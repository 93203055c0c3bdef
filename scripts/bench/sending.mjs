/**
 * Measures the time to send one message, many messages in a session, and a large attachment. The server discards all
 * messages.
 */
import { fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { root } from "../ready.mjs";
import { median } from "./measure.mjs";

async function startSink() {
  const child = fork(join(root, "scripts/bench/sink.mjs"), { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const next = () => new Promise((resolve) => child.once("message", resolve));
  const { port } = await next();
  return {
    port,
    counted: () => {
      const answer = next();
      child.send("count");
      return answer;
    },
    stop: () => child.disconnect(),
  };
}

/**
 * Returns the duration in seconds of a complete SMTP dialogue with a client whose own cost is negligible. This duration
 * is the server's share of the measured time.
 */
async function serverTime(port) {
  const started = process.hrtime.bigint();
  await new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1" });
    const lines = ["EHLO a", "MAIL FROM:<a@b>", "RCPT TO:<a@b>", "DATA", "Subject: x\r\n\r\nx\r\n.", "QUIT"];
    socket.on("data", (piece) => {
      if (/^\d{3}-(?![\s\S]*\n\d{3} )/.test(piece.toString())) return;
      const line = lines.shift();
      if (line !== undefined) socket.write(`${line}\r\n`);
    });
    socket.on("close", resolve);
    socket.on("error", reject);
  });
  return Number(process.hrtime.bigint() - started) / 1e9;
}

export async function sending({ bench, report, clients, rounds, sends, quick }) {
  const [ours] = clients;
  const snail = clients.find(({ name }) => name === "s-nail");
  const sink = await startSink();
  const way = `mta=smtp://127.0.0.1:${sink.port}`;
  const body = bench.path("body");
  writeFileSync(body, "Backup done\n");
  const lab = { bench, report, sink, way, body, ours: [...ours.program, "-n", "-S", way] };
  try {
    report.plain("", "## Sending", "", "| work | figure |", "|---|---|");
    await oneMessage(lab, rounds * 5);
    await manyInSession(lab, sends);
    await attachment(lab, (quick ? 5 : 25) * 2 ** 20, snail !== undefined);
  } finally {
    sink.stop();
  }
}

/**
 * Runs a task and counts the messages that the server received.
 * @returns the value measured for the task, and the number of bytes received
 * @throws Error unless the expected number of messages was received
 */
async function counted({ sink }, what, wanted, task) {
  const before = await sink.counted();
  const figure = await task();
  const after = await sink.counted();
  if (after.messages - before.messages !== wanted) {
    throw new Error(`${what}: ${after.messages - before.messages} of ${wanted} messages came\n${figure?.output}`);
  }
  return { ...figure, bytes: after.bytes - before.bytes };
}

async function oneMessage(lab, rounds) {
  const { bench, report, sink, body, ours } = lab;
  const alone = [];
  const sent = [];
  const server = [];
  for (let round = 0; round < rounds; round++) {
    alone.push((await bench.run([process.execPath, "-e", "0"])).wall);
    server.push(await serverTime(sink.port));
    const call = [...ours, "-s", "Nightly", "root@host.example"];
    sent.push((await counted(lab, "one message", 1, () => bench.run(call, { input: body }))).wall);
  }
  const [bare, served, took] = [alone, server, sent].map(median);
  report.row(
    "one message, body from a pipe",
    `${(took * 1000).toFixed(1)} ms; node -e 0 ${(bare * 1000).toFixed(1)} ms, the server's own time ${(served * 1000).toFixed(1)} ms: ${(took / (bare + served)).toFixed(2)} times their sum`,
  );
  report.limit("one message, compared with node -e 0 and the server", took / (bare + served), 1.6);
}

async function manyInSession(lab, sends) {
  const { bench, report, ours } = lab;
  const typed = Array.from({ length: sends }, (_, at) => `m root@host.example\nMessage ${at}\n.`);
  const session = bench.path("session");
  writeFileSync(session, `${typed.join("\n")}\nx\n`);
  const settings = ["dot", "noask", "noaskcc"].flatMap((setting) => ["-S", setting]);
  const call = [...ours, "-I", "-N", ...settings, "-f", bench.path("many")];
  const many = await counted(lab, `${sends} messages in a session`, sends, () => bench.run(call, { input: session }));
  report.row(
    `${sends} messages in one session`,
    `${many.wall.toFixed(2)} s, ${Math.round(sends / many.wall)} messages a second, ${Math.round(many.memory)} MiB`,
  );
}

async function attachment(lab, size, withSnail) {
  const { bench, report, way, ours } = lab;
  const file = bench.path("attachment.bin");
  writeFileSync(file, randomBytes(size));
  report.row(
    `an attachment of ${size / 2 ** 20} MiB`,
    await rate(lab, size, "mail", [...ours, "-A", file, "-s", "x", "root@host.example"]),
  );
  if (!withSnail) return;
  const options = ["-n", "-S", "v15-compat", "-S", way, "-S", "smtp-auth=none", "-S", "from=a@host.example"];
  report.row(
    "the same with s-nail",
    await rate(lab, size, "s-nail", ["s-nail", ...options, "-a", file, "-s", "x", "root@host.example"]),
  );
}

async function rate(lab, size, name, call) {
  const { bench, body } = lab;
  const figures = [];
  for (let round = 0; round < 3; round++) {
    figures.push(await counted(lab, `an attachment by ${name}`, 1, () => bench.run(call, { input: body })));
    if (figures.at(-1).bytes < size * 1.3) throw new Error(`${name} sent ${figures.at(-1).bytes} bytes of ${size}`);
  }
  const wall = median(figures.map((figure) => figure.wall));
  const memory = Math.max(...figures.map((figure) => figure.memory));
  return `${(size / 2 ** 20 / wall).toFixed(1)} MiB/s, ${wall.toFixed(2)} s, ${Math.round(memory)} MiB`;
}
