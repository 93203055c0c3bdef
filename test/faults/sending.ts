/**
 * Tests sending to SMTP servers and sendmail programs that have one fault each. Checks the exit code, the report, and
 * the place where the message is kept.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Campaign, inLab, type Round } from "./campaign.ts";
import { type Ended, judgeEnd, type Lab } from "./lab.ts";

const lines = ["the first line", "x".repeat(300), "", "the last line"];
const body = lines.map((line) => `${line}\n`).join("");
const reason = "Reason-4711";

const recipients = ["one@example.org", "two@example.org", "three@example.org"];

function readText(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

function send(lab: Lab): Promise<Ended> {
  return lab.open({ argv: ["-s", "a subject", ...recipients], limit: 20_000 }).end(...lines);
}

/** Checks a session that sends a message. @param wanted the exit code; `failure` for any code of sysexits.h */
function judge(lab: Lab, ended: Ended, wanted: number | "failure", words = ""): string[] {
  const broken = judgeEnd(ended);
  if (broken.length > 0) return broken;
  const { exit, err } = ended;
  const dead = join(lab.home, "dead.letter");
  const isKept = readText(dead).includes(body);
  if (wanted === 0) {
    return [...(exit === 0 ? [] : [`exit code ${exit}: ${err}`]), ...(isKept ? ["sent, yet in dead.letter"] : [])];
  }
  const isRight = wanted === "failure" ? exit >= 65 && exit <= 78 : exit === wanted;
  return [
    ...(isRight ? [] : [`exit code ${exit} instead of ${wanted}: ${err}`]),
    ...(err.trim() !== "" && err.includes(words) ? [] : [`standard error lacks "${words}": ${err}`]),
    ...(isKept ? [] : ["the text is lost: it is not in dead.letter"]),
  ];
}

const phases = ["banner", "ehlo", "mail", "rcpt", "data", "dot", "quit"] as const;
type Phase = (typeof phases)[number];
/** A reply that replaces the normal one, or a fault of the connection. */
type Fault = { readonly reply: string } | "close" | "reset" | "silent" | "slow";

const replies: Readonly<Record<Phase, string>> = {
  banner: "220 sink.example ESMTP",
  ehlo: "250 sink.example",
  mail: "250 2.1.0 ok",
  rcpt: "250 2.1.5 ok",
  data: "354 go ahead",
  dot: "250 2.0.0 queued",
  quit: "221 bye",
};

/** Starts a server that has a fault in one phase of the dialogue. `recipient` limits the fault to one recipient. */
async function startServer(at: Phase | undefined, fault: Fault, recipient = "") {
  const accepted: { recipients: string[]; text: string }[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {}); // The client has disconnected.
    let to: string[] = [];
    let text: string | undefined;
    /** Sends the reply for a phase, and returns whether the reply is the normal one. */
    const answer = (phase: Phase, line = ""): boolean => {
      if (phase !== at || !line.includes(recipient)) socket.write(`${replies[phase]}\r\n`);
      else if (fault === "close") socket.end();
      else if (fault === "reset") socket.resetAndDestroy();
      else if (fault === "slow") setTimeout(() => socket.write(`${replies[phase]}\r\n`), 1200);
      else if (fault !== "silent") socket.write(`${fault.reply}\r\n`);
      return phase !== at || !line.includes(recipient) || fault === "slow";
    };
    answer("banner");
    createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY }).on("line", (line) => {
      if (text !== undefined) {
        if (line !== ".") text += `${line.replace(/^\./, "")}\n`;
        else {
          const message = { recipients: to, text };
          text = undefined;
          if (answer("dot")) accepted.push(message);
        }
        return;
      }
      const verb = line.slice(0, 4).toLowerCase();
      if (verb === "ehlo" || verb === "helo") answer("ehlo");
      else if (verb === "mail") {
        to = [];
        answer("mail");
      } else if (verb === "rcpt") {
        if (answer("rcpt", line)) to.push(/<(.*?)>/.exec(line)?.[1] ?? line);
      } else if (verb === "data") {
        if (to.length === 0) socket.write("503 5.5.1 no valid recipients\r\n");
        else if (answer("data")) text = "";
      } else if (verb === "quit") {
        answer("quit");
        socket.end();
      } else socket.write("250 ok\r\n");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const stop = () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { accepted, port, stop };
}

interface ServerFault {
  readonly title: string;
  readonly at: Phase | undefined;
  readonly fault: Fault;
  readonly recipient?: string;
  readonly wanted: number | "failure";
  readonly words?: string;
}

const refusals: readonly (readonly [Phase, string])[] = [
  ["banner", "554 5.3.2"],
  ["banner", "421 4.3.2"],
  ["mail", "451 4.3.0"],
  ["mail", "550 5.7.1"],
  ["rcpt", "450 4.2.0"],
  ["rcpt", "550 5.1.1"],
  ["data", "451 4.3.0"],
  ["data", "554 5.6.0"],
  ["dot", "451 4.3.0"],
  ["dot", "552 5.2.2"],
];

const serverFaults: readonly ServerFault[] = [
  { title: "no fault", at: undefined, fault: "close", wanted: 0 },
  ...refusals.map(([at, code]): ServerFault => {
    const fault = { reply: `${code} ${reason}` };
    return { title: `${code} at ${at}`, at, fault, wanted: code.startsWith("4") ? 75 : "failure", words: reason };
  }),
  ...phases
    .filter((at) => at !== "quit")
    .flatMap((at) => [
      ...(["close", "reset", "silent"] as const).map((fault): ServerFault => {
        // It is unknown whether the server has accepted the message.
        const isUnknown = at === "dot";
        const words = isUnknown ? "unknown" : "";
        return { title: `${fault} at ${at}`, at, fault, wanted: isUnknown ? 75 : "failure", words };
      }),
      { title: `slow at ${at}`, at, fault: "slow", wanted: 0 } as const,
    ]),
  { title: "silent at quit", at: "quit", fault: "silent", wanted: 0 },
  { title: "another protocol", at: "banner", fault: { reply: "SSH-2.0-OpenSSH_9.2" }, wanted: "failure" },
  { title: "an endless banner", at: "banner", fault: { reply: `220-${"x".repeat(400_000)}` }, wanted: "failure" },
  ...["550 5.1.1", "450 4.2.1"].map((code): ServerFault => {
    const fault = { reply: `${code} ${reason}` };
    const recipient = "two@example.org";
    return { title: `${code} for one of three`, at: "rcpt", fault, recipient, wanted: "failure", words: recipient };
  }),
];

async function playServer({ title, at, fault, recipient, wanted, words }: ServerFault, client: readonly string[]) {
  const { accepted, port, stop } = await startServer(at, fault, recipient);
  try {
    const rc = `set smtptimeout=3\nset mta=smtp://127.0.0.1:${port}\n`;
    return await inLab(
      client,
      title,
      async (lab) => {
        const broken = judge(lab, await send(lab), wanted, words);
        const isAccepted = wanted === 0 || recipient !== undefined;
        const to = recipients.filter((each) => each !== recipient);
        if (accepted.length !== (isAccepted ? 1 : 0)) broken.push(`accepted ${accepted.length} times`);
        for (const message of accepted) {
          if (!message.text.endsWith(`\n\n${body}`)) broken.push("the text arrived damaged");
          if (message.recipients.toSorted().join() !== to.toSorted().join())
            broken.push(`accepted for ${message.recipients.join()}`);
        }
        return broken;
      },
      { rc },
    );
  } finally {
    stop();
  }
}

export const smtp: Campaign = {
  name: "smtp",
  does: "sends to a server that refuses, closes, resets, stays silent or is slow at one phase",
  needs: [],
  async rounds(client) {
    return serverFaults.map((each): Round => ({ title: each.title, play: () => playServer(each, client) }));
  },
};

/** The behaviour of the sendmail program, as an sh(1) script. */
const programs: readonly { readonly title: string; readonly script: string; readonly wanted: number | "failure" }[] = [
  { title: "exits 0", script: 'cat >"$HOME/got"', wanted: 0 },
  { title: "is slow", script: 'sleep 1; cat >"$HOME/got"', wanted: 0 },
  { title: "exits 75", script: "cat >/dev/null; exit 75", wanted: 75 },
  { title: "exits 67", script: "cat >/dev/null; exit 67", wanted: 67 },
  { title: "exits 1", script: "cat >/dev/null; exit 1", wanted: "failure" },
  { title: "is killed", script: "cat >/dev/null; kill -KILL $$", wanted: "failure" },
  { title: "reads a line and exits 75", script: "read line; exit 75", wanted: 75 },
];

async function playProgram(lab: Lab, script: string | undefined, wanted: number | "failure"): Promise<string[]> {
  const program = join(lab.home, "program");
  if (script === undefined) mkdirSync(program);
  else writeFileSync(program, `#!/bin/sh\necho run >>"$HOME/runs"\n${script}\n`, { mode: 0o755 });
  writeFileSync(join(lab.home, ".mailrc"), `set mta=${program}\nset sendmail=${program}\nset sendwait\n`, {
    mode: 0o600,
  });
  const broken = judge(lab, await send(lab), wanted);
  const got = readText(join(lab.home, "got"));
  if (wanted === 0 && !got.endsWith(`\n\n${body}`)) broken.push("the program got a damaged text");
  const runs = readText(join(lab.home, "runs")).length / "run\n".length;
  return script === undefined || runs === 1 ? broken : [...broken, `the program was started ${runs} times`];
}

export const sendmail: Campaign = {
  name: "sendmail",
  does: "sends by a program that fails, is killed, stops reading, is slow, or is a directory",
  needs: [],
  async rounds(client) {
    return [
      ...programs.map(({ title, script, wanted }) => ({
        title,
        play: () => inLab(client, title, (lab) => playProgram(lab, script, wanted)),
      })),
      {
        title: "a directory",
        play: () => inLab(client, "a directory", (lab) => playProgram(lab, undefined, "failure")),
      },
    ];
  },
};
