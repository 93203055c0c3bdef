import { connect, type Socket } from "node:net";

/** An SMTP dialogue that is typed by hand. */
export interface Dialogue {
  /**
   * Sends a line, or only waits for a reply if no line is given.
   *
   * @returns the reply's lines; the last one has the form `250 text`
   */
  say(line?: string): Promise<string>;
  socket: Socket;
}

export function openDialogue(port: number): Dialogue {
  const socket = connect(port, "127.0.0.1");
  let received = "";
  let wake: () => void = () => undefined;
  let closed = false;
  socket.on("data", (piece) => {
    received += piece.toString("latin1");
    wake();
  });
  socket.on("error", () => undefined);
  socket.on("close", () => {
    closed = true;
    wake();
  });
  return {
    socket,
    async say(line) {
      if (line !== undefined) socket.write(`${line}\r\n`, "latin1");
      for (;;) {
        const reply = /^(?:\d{3}-.*\r\n)*\d{3}(?: .*)?\r\n/.exec(received)?.[0];
        if (reply !== undefined) {
          received = received.slice(reply.length);
          return reply.trimEnd();
        }
        if (closed) throw new Error(`hung up after ${JSON.stringify(received)}`);
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}
