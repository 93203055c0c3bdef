/** The files that lie below all layers. Every folder may import them. */
const foundation =
  "^src/(errors|file-stats|groups|libc|notices|passwd|private-file|process-start|reasons|secret-words|system-error)[.]ts$";

/**
 * The layers: a folder may import only from itself, the folders listed after its name, and the foundation.
 * test/layers.test.ts adds violations and checks that they are reported.
 */
const layers = {
  message: [],
  connect: [],
  mailbox: ["connect", "message"],
  terminal: ["message"],
  config: ["message"],
  submit: ["connect", "message", "mailbox"],
  account: ["connect", "submit", "mailbox", "config", "terminal", "message"],
  compose: ["account", "connect", "submit", "mailbox", "config", "terminal", "message"],
  "by-hand": ["connect", "submit", "config", "terminal", "message"],
  track: ["submit", "config", "terminal", "message"],
  run: ["read", "cli", "compose", "mailbox", "config", "message"],
  check: ["account", "compose", "connect", "submit", "mailbox", "config", "terminal", "message"],
  read: ["account", "connect", "cli", "compose", "track", "submit", "mailbox", "config", "terminal", "message"],
  act: ["read", "cli", "compose", "mailbox", "config", "terminal", "message"],
  cli: ["config", "message"],
  maild: ["mailbox", "message"],
  sendmail: ["read", "compose", "submit", "mailbox", "config", "terminal", "message"],
};

/**
 * The same rule within a folder: a subfolder may import only from the subfolders listed after its name. "." stands for
 * the files directly in the folder.
 */
const rooms = {
  compose: {
    draft: [],
    build: ["draft"],
    typing: ["build", "draft"],
    unsent: ["draft"],
    sending: ["build", "draft", "unsent"],
  },
  mailbox: {
    lock: ["."],
    packed: ["."],
    imap: [".", "maildir", "packed"],
    maildir: [".", "lock"],
    mbox: [".", "lock"],
  },
  read: {
    changes: [],
    session: ["changes"],
    query: [],
    "header-list": ["query", "session"],
    "message-list": ["query", "session"],
    show: ["session"],
    folder: ["changes", "session", "show"],
    send: ["changes", "message-list", "session", "show"],
    "without-session": ["folder", "header-list", "message-list", "query", "session", "show"],
    commands: ["changes", "folder", "header-list", "message-list", "query", "send", "session", "show"],
    interpreter: ["commands", "folder", "session"],
    comfort: ["commands", "header-list", "interpreter", "query", "session", "show"],
  },
};

const roomRules = Object.entries(rooms).flatMap(([layer, table]) => [
  {
    name: `every-folder-of-${layer}-is-in-the-table`,
    severity: "error",
    from: { path: `^src/${layer}/(?!(${Object.keys(table).join("|")})/)[^/]+/` },
    to: {},
  },
  ...Object.entries(table).map(([room, below]) => ({
    name: `${layer}-${room}-imports-downwards-only`,
    severity: "error",
    from: { path: `^src/${layer}/${room}/` },
    to: {
      path: `^src/${layer}/`,
      pathNot: below
        .map((each) => (each === "." ? `^src/${layer}/[^/]+$` : `^src/${layer}/${each}/`))
        .concat(`^src/${layer}/${room}/`),
    },
  })),
]);

module.exports = {
  forbidden: [
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    {
      name: "every-folder-is-in-the-table",
      severity: "error",
      from: { path: `^src/(?!(${Object.keys(layers).join("|")})/)[^/]+/` },
      to: {},
    },
    ...Object.entries(layers).map(([layer, below]) => ({
      name: `${layer}-imports-downwards-only`,
      severity: "error",
      from: { path: `^src/${layer}/` },
      to: { path: "^src/", pathNot: `^src/(${[layer, ...below].join("|")})/|${foundation}` },
    })),
    ...roomRules,
    {
      name: "errors-stand-below-all",
      severity: "error",
      from: { path: foundation },
      to: { path: "^src/", pathNot: foundation },
    },
  ],
  options: {
    includeOnly: "^src",
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    parser: "swc",
    enhancedResolveOptions: { extensions: [".ts", ".js"] },
  },
};
