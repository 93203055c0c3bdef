/**
 * `npm run deb`: builds the Debian packages in the top-level directory and prints their names. mail-client depends on
 * nodejs and registers `mailx` with the alternatives system. mail-client-mta contains sendmail (deb-mta.mjs).
 *
 * koffi's binary is specific to this machine's architecture, and so are the packages. The packages contain no
 * configuration files. As in Debian's own tools, DEBFULLNAME and DEBEMAIL name the maintainer.
 */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { buildMtaPackage } from "./deb-mta.mjs";
import { ready, root, stop } from "./ready.mjs";

ready();
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const name = "mail-client";
const place = mkdtempSync(join(tmpdir(), "mail-deb-"));
const tree = join(place, "tree");
const library = join(tree, "usr/lib", name);

function put(path, content, mode = 0o644) {
  mkdirSync(dirname(join(tree, path)), { recursive: true });
  writeFileSync(join(tree, path), content, { mode });
}

function link(target, path) {
  mkdirSync(dirname(join(tree, path)), { recursive: true });
  symlinkSync(target, join(tree, path));
}

function copy(from, to, options = {}) {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(join(root, from), to, { recursive: true, ...options });
}

/** Copies the files that require("koffi") needs at run time: its loader and the binary for this machine. */
function copyKoffi() {
  const modules = join(library, "node_modules");
  for (const file of ["package.json", "LICENSE.txt", "index.cjs", "src/koffi/index.cjs", "src/koffi/src/static.cjs"]) {
    copy(`node_modules/koffi/${file}`, join(modules, "koffi", file));
  }
  if (existsSync(join(root, "node_modules/@koromix"))) {
    for (const binary of readdirSync(join(root, "node_modules/@koromix"))) {
      copy(`node_modules/@koromix/${binary}`, join(modules, "@koromix", binary), {
        filter: (path) => !path.includes("/musl_"),
      });
    }
  }
}

function sizeOf(path) {
  const found = statSync(path);
  return found.isDirectory() ? readdirSync(path).reduce((sum, each) => sum + sizeOf(join(path, each)), 0) : found.size;
}

/** Sets the modes regardless of the umask: all files are readable by everyone, and the launchers are executable. */
function setModes(path) {
  const found = statSync(path);
  const isLauncher = path.startsWith(join(library, "bin")) && path.endsWith(".js");
  if (!found.isDirectory()) return chmodSync(path, isLauncher ? 0o755 : 0o644);
  chmodSync(path, 0o755);
  for (const each of readdirSync(path, { withFileTypes: true })) {
    if (!each.isSymbolicLink()) setModes(join(path, each.name));
  }
}

const alternatives = [
  ["/usr/bin/mail", "mail", `/usr/bin/${name}`],
  ["/usr/bin/Mail", "Mail", `/usr/bin/${name}`],
  ...["mail", "mailx", "Mail"].map((page) => [
    `/usr/share/man/man1/${page}.1.gz`,
    `${page}.1.gz`,
    `/usr/share/man/man1/${name}.1.gz`,
  ]),
];

const maintainer = `${process.env.DEBFULLNAME ?? "The mail developers"} <${process.env.DEBEMAIL ?? "mail-client@example.org"}>`;
/**
 * The date of the changelog entry is the modification time of CHANGELOG.md, so that the same tree always produces the
 * same package.
 */
const changed = statSync(join(root, "CHANGELOG.md")).mtime.toUTCString().replace("GMT", "+0000");
const changelog = (of) => `${of} (${version}) unstable; urgency=medium

  * See /usr/share/doc/${name}/CHANGELOG.md.gz.

 -- ${maintainer}  ${changed}
`;

// maild must be enabled by the administrator. The scripts restart maild after an upgrade, and stop maild before the
// package is removed.
const postinst = `#!/bin/sh
set -e
if [ "$1" = configure ]; then
  if [ -d /run/systemd/system ]; then
    systemctl --system daemon-reload >/dev/null || true
    if [ -n "$2" ]; then
      deb-systemd-invoke try-restart maild.service >/dev/null || true
    fi
  fi
  update-alternatives --install /usr/bin/mailx mailx /usr/bin/${name} 60 \\
${alternatives.map((slave) => `    --slave ${slave.join(" ")}`).join(" \\\n")}
fi
`;

const prerm = `#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
  deb-systemd-invoke stop maild.service >/dev/null || true
fi
if [ "$1" = remove ] || [ "$1" = deconfigure ]; then
  update-alternatives --remove mailx /usr/bin/${name}
fi
`;

const postrm = `#!/bin/sh
set -e
if [ "$1" = remove ] && command -v deb-systemd-helper >/dev/null; then
  deb-systemd-helper disable maild.service >/dev/null || true
fi
if [ -d /run/systemd/system ]; then
  systemctl --system daemon-reload >/dev/null || true
fi
`;

try {
  const architecture = execFileSync("dpkg", ["--print-architecture"], { encoding: "utf8" }).trim();
  copy("dist", join(library, "dist"), { filter: (path) => !path.endsWith("/completions") });
  copy("bin", join(library, "bin"));
  // A daemon's PATH can lead to a different version of Node.
  const sendmail = join(library, "bin/sendmail.js");
  writeFileSync(sendmail, readFileSync(sendmail, "utf8").replace(/^#!.*/, "#!/usr/bin/node"));
  copyKoffi();
  link(`../lib/${name}/bin/mail.js`, `usr/bin/${name}`);
  link(`../lib/${name}/bin/maild.js`, "usr/sbin/maild");
  for (const [page, target] of [
    ["mail.1", `man1/${name}.1`],
    ["mailrc.5", "man5/mailrc.5"],
    ["maild.8", "man8/maild.8"],
  ]) {
    put(`usr/share/man/${target}.gz`, gzipSync(readFileSync(join(root, "man", page)), { level: 9 }));
  }
  const completion = (file) => readFileSync(join(root, "dist/completions", file));
  put("usr/share/bash-completion/completions/mail", completion("mail"));
  put("usr/share/zsh/vendor-completions/_mail", completion("_mail"));
  put("usr/share/fish/vendor_completions.d/mail.fish", completion("mail.fish"));
  // bash and fish look for a file named after the command.
  for (const also of ["mailx", "Mail", "maild"]) {
    link("mail", `usr/share/bash-completion/completions/${also}`);
    link("mail.fish", `usr/share/fish/vendor_completions.d/${also}.fish`);
  }
  const licence = readFileSync(join(root, "LICENSE"), "utf8");
  put(`usr/share/doc/${name}/copyright`, `${licence}\n${gunzipSync(readFileSync(join(root, "dist/licenses.txt.gz")))}`);
  put(`usr/share/doc/${name}/changelog.gz`, gzipSync(changelog(name), { level: 9 }));
  put(`usr/share/doc/${name}/CHANGELOG.md.gz`, gzipSync(readFileSync(join(root, "CHANGELOG.md")), { level: 9 }));
  put("usr/lib/systemd/system/maild.service", readFileSync(join(root, "scripts/maild.service")));
  const control = `Package: ${name}
Version: ${version}
Architecture: ${architecture}
Maintainer: ${maintainer}
Installed-Size: ${Math.ceil(sizeOf(join(tree, "usr")) / 1024)}
Depends: libc6, nodejs (>= 20)
Recommends: default-mta | mail-transport-agent
Provides: mailx, mail-reader
Section: mail
Priority: optional
Description: mail command for people and scripts, in place of bsd-mailx
 Sends mail, typed or piped by scripts, and reads local mailboxes, with the
 commands of bsd-mailx. Comes with maild, a local delivery server for machines
 without a mail server.
`;
  setModes(tree);
  put("DEBIAN/control", control);
  put("DEBIAN/postinst", postinst, 0o755);
  put("DEBIAN/prerm", prerm, 0o755);
  put("DEBIAN/postrm", postrm, 0o755);
  const made = `${name}_${version}_${architecture}.deb`;
  execFileSync("dpkg-deb", ["--build", "--root-owner-group", tree, join(root, made)], { stdio: ["ignore", 2, 2] });
  console.log(made);
  const about = { version, architecture, maintainer, copyright: licence, changelog };
  console.log(buildMtaPackage(join(place, "mta"), about, setModes));
} catch (error) {
  if (error.code !== "ENOENT" || error.path === undefined) throw error;
  stop(`${error.path} is missing: apt-get install dpkg`);
} finally {
  rmSync(place, { recursive: true, force: true });
}
