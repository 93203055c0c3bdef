/** The programs that are compared: how each is called for the same work. A peer that is not installed is left out. */
import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { root } from "../ready.mjs";

function installed(program) {
  return spawnSync("sh", ["-c", `command -v ${program}`]).status === 0;
}

function versionOf(name) {
  const { status, stdout } = spawnSync("dpkg-query", ["-W", "-f", "$" + "{Version}", name], { encoding: "utf8" });
  return status === 0 ? stdout : "";
}

const ours = {
  name: "mail",
  program: [process.execPath, join(root, "bin/mail.js")],
  options: ["-n"],
  search: (subject) => `f /${subject}`,
  readsMaildir: true,
};

const peers = [
  { name: "bsd-mailx", program: ["bsd-mailx"], options: ["-n"], search: (subject) => `f /${subject}` },
  {
    name: "s-nail",
    program: ["s-nail"],
    options: ["-n"],
    search: (subject) => `from @s@${subject}`,
    readsMaildir: true,
  },
  {
    name: "GNU mail",
    package: "mailutils",
    program: ["mail.mailutils"],
    options: ["-n"],
    search: (subject) => `from /${subject}`,
    // Opening alone adds header fields to each message: it gets a copy, made before its time counts.
    writesAlways: true,
  },
  {
    name: "mutt",
    program: ["mutt"],
    // It sets the file's times anew: what others know of the file would be in doubt.
    writesAlways: true,
    // It only has a screen: it takes part where opening is measured.
    opensOnly: (file) => ["mutt", "-n", "-F", "/dev/null", "-R", "-f", file, "-e", "set folder=~", "-e", "push x"],
    readsMaildir: true,
  },
];

/** Ours first, then the peers that are there, each with its version. */
export function clients() {
  const { version } = JSON.parse(
    execFileSync("node", ["-p", "JSON.stringify(require('./package.json'))"], { cwd: root }),
  );
  return [
    { ...ours, version },
    ...peers
      .filter(({ program }) => installed(program[0]))
      .map((peer) => ({ ...peer, version: versionOf(peer.package ?? peer.name) })),
  ];
}
