/** The programs to compare, and how each is called for the same task. Peers that are not installed are omitted. */
import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { root } from "../ready.mjs";

/** Returns whether a program is in PATH. */
export function isInstalled(program) {
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
  query: (subject) => `f subject:${subject}`,
  sort: { subject: "sort subject", thread: "thread" },
  readsMaildir: true,
};

const peers = [
  { name: "bsd-mailx", program: ["bsd-mailx"], options: ["-n"], search: (subject) => `f /${subject}` },
  {
    name: "s-nail",
    program: ["s-nail"],
    options: ["-n"],
    search: (subject) => `from @s@${subject}`,
    sort: { subject: "sort subject", thread: "sort thread" },
    readsMaildir: true,
  },
  {
    name: "GNU mail",
    package: "mailutils",
    program: ["mail.mailutils"],
    options: ["-n"],
    search: (subject) => `from /${subject}`,
    // This client adds header fields to each message when it opens a mailbox. The client works on a copy, which is made
    // before timing starts.
    writesAlways: true,
  },
  {
    name: "mutt",
    program: ["mutt"],
    // mutt resets the file's times, which would invalidate other programs' caches of the file.
    writesAlways: true,
    // mutt has only a full-screen interface, which is controlled by keystrokes.
    onScreen: (file, settings = [], keys = "") => {
      const given = ["set folder=~ sleep_time=0", ...settings, `push ${keys}x`].flatMap((setting) => ["-e", setting]);
      return ["mutt", "-n", "-F", "/dev/null", "-R", "-f", file, ...given];
    },
    keys: {
      copyAll: (target) => `<tag-pattern>~A<enter><tag-prefix><copy-message>${target}<enter>`,
      search: (subject) => `<limit>~s${subject}<enter>`,
    },
    copySettings: ["set confirmappend=no confirmcreate=no"],
    sort: { subject: "set sort=subject", thread: "set sort=threads" },
    readsMaildir: true,
  },
];

/** Returns this program, followed by the installed peers, each with its version. */
export function clients() {
  const { version } = JSON.parse(
    execFileSync("node", ["-p", "JSON.stringify(require('./package.json'))"], { cwd: root }),
  );
  return [
    { ...ours, version },
    ...peers
      .filter(({ program }) => isInstalled(program[0]))
      .map((peer) => ({ ...peer, version: versionOf(peer.package ?? peer.name) })),
  ];
}
