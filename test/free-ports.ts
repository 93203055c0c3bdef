/** Finds loopback ports for servers that a test starts as programs. */
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:net";

/**
 * The ports below the range from which Linux chooses the ports of outgoing connections. Other tests connect at the
 * same time, so a port of that range can be taken again before the server of this test listens on it.
 */
const first = 16_384;
const end = 32_768;

/** Returns `count` different loopback ports on which no program listens. */
export async function findFreePorts(count: number): Promise<readonly number[]> {
  const held = new Map<number, Server>();
  while (held.size < count) {
    const port = randomInt(first, end);
    const server = createServer();
    try {
      await once(server.listen(port, "127.0.0.1"), "listening");
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "EADDRINUSE") continue;
      throw error;
    }
    held.set(port, server);
  }
  await Promise.all([...held.values()].map((server) => once(server.close(), "close")));
  return [...held.keys()];
}

/** Returns a loopback port on which no program listens. */
export async function findFreePort(): Promise<number> {
  const [port = 0] = await findFreePorts(1);
  return port;
}
