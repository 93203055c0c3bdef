/** Sends 100 MB through a pipe: every byte arrives, and memory stays bounded. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";

const program = join(fileURLToPath(new URL(".", import.meta.url)), "../../bin/mail.js");
const pieces = 1600;
const piece = Buffer.from("a line of sixty-four characters, ñ among them, and its line end\n".repeat(1000));

/** Accepts one message and keeps only the size and hash of its body. */
function digestingServer(done: () => void) {
  const hash = createHash("sha256");
  let size = 0;
  const server = createServer((socket) => {
    let state: "commands" | "header" | "body" = "commands";
    let held = "";
    socket.write("220 here\r\n");
    socket.on("data", (bytes) => {
      held += bytes.toString("latin1");
      if (state === "commands") {
        const lines = held.split("\r\n");
        held = lines.pop() ?? "";
        for (const line of lines) {
          if (line === "DATA") state = "header";
          socket.write(
            line.startsWith("EHLO") ? "250-here\r\n250 8BITMIME\r\n" : line === "DATA" ? "354 go\r\n" : "250 ok\r\n",
          );
        }
        return;
      }
      if (state === "header") {
        const end = held.indexOf("\r\n\r\n");
        if (end < 0) return;
        held = held.slice(end + 4);
        state = "body";
      }
      const last = held.endsWith("\r\n.\r\n");
      const cut = last ? held.length - 3 : Math.max(0, held.length - 5);
      const text = Buffer.from(held.slice(0, cut).replaceAll("\r", ""), "latin1");
      size += text.length;
      hash.update(text);
      held = held.slice(cut);
      if (!last) return;
      done();
      held = "";
      state = "commands";
      socket.write("250 ok\r\n");
    });
  });
  return { server, digest: () => [size, hash.digest("hex")] };
}

test("a message of 100 MB is sent with bounded memory", async () => {
  const home = mkdtempSync(join(tmpdir(), "mail-large-"));
  let most = 0;
  const { server, digest } = digestingServer(() => {
    const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
    most = Number(/^VmHWM:\s*(\d+)/m.exec(status)?.[1]) / 1024;
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  writeFileSync(join(home, ".mailrc"), `set mta=smtp://127.0.0.1:${(server.address() as AddressInfo).port}\n`, {
    mode: 0o600,
  });
  const child = spawn(process.execPath, [program, "-s", "s", "a@x.org"], {
    env: { PATH: process.env["PATH"], HOME: home, LC_ALL: "C.UTF-8" },
    stdio: ["pipe", "inherit", "inherit"],
  });
  const ended = once(child, "close");
  const hash = createHash("sha256");
  for (let at = 0; at < pieces; at++) {
    hash.update(piece);
    if (!child.stdin.write(piece)) await once(child.stdin, "drain");
  }
  child.stdin.end();
  expect((await ended)[0]).toBe(0);
  server.close();
  rmSync(home, { recursive: true, force: true });
  expect(digest()).toEqual([piece.length * pieces, hash.digest("hex")]);
  expect(most).toBeGreaterThan(30);
  expect(most).toBeLessThan(200);
});
