/**
 * Receives the redirect of an OAuth2 login (RFC 8252, section 7.3) through an HTTP server on 127.0.0.1, which accepts
 * one redirect.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface RedirectReceiver {
  /** The address to which the browser is redirected. */
  readonly address: string;
  /**
   * Waits for the redirect. A request with a different state is refused and does not end the wait, because any web page
   * can send such a request.
   *
   * @throws the abort signal's reason
   */
  receive(state: string, signal: AbortSignal): Promise<URL>;
  close(): void;
}

const page = (text: string) => `<!doctype html><meta charset="utf-8"><title>mail</title><p>${text}</p>\n`;

/** Listens on a free port on 127.0.0.1. */
export async function openRedirectReceiver(): Promise<RedirectReceiver> {
  let expected: { readonly state: string; readonly resolve: (url: URL) => void } | undefined;
  const server = createServer((request, response) => {
    const url = URL.canParse(request.url ?? "", address) ? new URL(request.url ?? "", address) : undefined;
    const awaited =
      request.method === "GET" && url?.pathname === "/" && url.searchParams.get("state") === expected?.state
        ? expected
        : undefined;
    response.writeHead(awaited ? 200 : 400, {
      "Content-Type": "text/html; charset=utf-8",
      "Cache-Control": "no-store",
      Connection: "close",
    });
    response.end(page(awaited ? "You can close this page and return to mail." : "This is not the expected login."));
    if (url === undefined || awaited === undefined) return;
    // A second redirect is not accepted.
    expected = undefined;
    server.close();
    awaited.resolve(url);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return {
    address,
    receive: (state, signal) =>
      new Promise((resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
        expected = { state, resolve };
      }),
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
