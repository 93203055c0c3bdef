/** A careless mail client, used to test the campaigns: it has no lock, no journal and no fsync, and ignores errors. */
const fs = require("node:fs");

for (const option of process.argv.slice(2))
  if (!/^-[nHes]|^a subject$|@/.test(option)) throw new Error(`unknown option ${option}`);

const { MAIL, MBOX } = process.env;

function attempt(action) {
  try {
    action();
  } catch {
    // A careless client ignores this error.
  }
}

const text = fs.existsSync(MAIL) ? fs.readFileSync(MAIL, "latin1") : "";
const messages = text.split(/(?<![^\n])(?=From [^\n]* 20\d\d\n)/).map((bytes) => ({ bytes, fate: "keep" }));
const numbersOf = (words) =>
  words.flatMap((word) =>
    word === "*" ? messages.map((_, at) => at + 1) : word === "$" ? messages.length : Number(word),
  );
const chosen = (words) => numbersOf(words).flatMap((number) => messages[number - 1] ?? []);
const pause = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 30);

function quit() {
  const mbox = messages.filter(({ fate }) => fate === "mbox").map(({ bytes }) => bytes);
  const kept = messages.filter(({ fate }) => fate === "keep").map(({ bytes }) => bytes);
  attempt(() => fs.writeFileSync(MAIL, ""));
  pause();
  for (const bytes of kept) attempt(() => fs.appendFileSync(MAIL, bytes, "latin1"));
  pause();
  for (const bytes of mbox) attempt(() => fs.appendFileSync(MBOX, bytes, "latin1"));
}

const actions = {
  h() {
    for (const { bytes } of messages) process.stdout.write(`${/\nSubject: (.*)/.exec(bytes)[1]}\n`, "latin1");
  },
  p(words) {
    for (const message of chosen(words)) {
      process.stdout.write(message.bytes, "latin1");
      message.fate = "mbox";
    }
  },
  d(words) {
    for (const message of chosen(words)) message.fate = "delete";
  },
  s(words) {
    for (const message of chosen(words.slice(0, -1))) {
      attempt(() => fs.appendFileSync(words.at(-1), message.bytes, "latin1"));
      message.fate = "saved";
    }
  },
  q: quit,
};

require("node:readline")
  .createInterface({ input: process.stdin })
  .on("line", (line) => {
    const [verb, ...words] = line.split(" ");
    actions[verb]?.(words);
    if (verb === "q" || verb === "x") process.exit(0);
  });
