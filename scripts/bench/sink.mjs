/**
 * An SMTP server that accepts and discards all messages, so that only the client is measured. The server prints its
 * port and counts messages.
 */
import { createServer } from "node:net";

const end = Buffer.from("\r\n.\r\n");
let messages = 0;
let bytes = 0;

const server = createServer((socket) => {
  socket.setNoDelay(true);
  socket.on("error", () => {});
  let inData = false;
  let text = "";
  let tail = Buffer.alloc(0);
  socket.write("220 sink ESMTP\r\n");
  const command = (line) => {
    const verb = line.slice(0, 4).toUpperCase();
    if (verb === "EHLO") return "250-sink\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-PIPELINING\r\n250 SIZE 1000000000\r\n";
    if (verb === "DATA") {
      inData = true;
      return "354 go on\r\n";
    }
    if (verb === "QUIT") {
      socket.end("221 bye\r\n");
      return "";
    }
    return "250 ok\r\n";
  };
  socket.on("data", (piece) => {
    let rest = piece;
    while (rest.length > 0) {
      if (inData) {
        bytes += rest.length;
        const joined = Buffer.concat([tail, rest]);
        const at = joined.indexOf(end);
        if (at < 0) {
          tail = joined.subarray(Math.max(0, joined.length - end.length + 1));
          return;
        }
        rest = joined.subarray(at + end.length);
        tail = Buffer.alloc(0);
        inData = false;
        messages++;
        socket.write(`250 2.0.0 Ok: queued as ${messages.toString(16).toUpperCase().padStart(10, "0")}\r\n`);
        continue;
      }
      text += rest.toString("latin1");
      rest = Buffer.alloc(0);
      const newline = text.indexOf("\n");
      if (newline < 0) return;
      const line = text.slice(0, newline);
      rest = Buffer.from(text.slice(newline + 1), "latin1");
      text = "";
      const answer = command(line);
      if (answer !== "") socket.write(answer);
    }
  });
});

server.listen(0, "127.0.0.1", () => process.send({ port: server.address().port }));
process.on("message", () => process.send({ messages, bytes }));
process.on("disconnect", () => process.exit(0));
