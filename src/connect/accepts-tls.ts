/** Determines whether a port uses TLS from the start, as the ports of imaps and smtps do (RFC 8314). */
import { connect } from "node:tls";
import { openSocket, type Server } from "./socket.ts";

/**
 * Returns whether a port accepts a TLS handshake. Nothing else is sent, and the certificate is not verified.
 *
 * @param timeout the time limit in milliseconds
 * @param signal abandons the attempt
 */
export async function acceptsTls(server: Server, timeout: number, signal: AbortSignal): Promise<boolean> {
  const socket = await openSocket(server, timeout).catch(() => undefined);
  if (socket === undefined) return false;
  const stop = AbortSignal.any([signal, AbortSignal.timeout(timeout)]);
  try {
    return await new Promise<boolean>((resolve) => {
      const end = () => resolve(false);
      const secured = connect({ socket, rejectUnauthorized: false }, () => resolve(true));
      secured.on("error", end).on("close", end);
      stop.addEventListener("abort", end);
      if (stop.aborted) end();
    });
  } finally {
    socket.destroy();
  }
}
