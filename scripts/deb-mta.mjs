/**
 * Builds the Debian package mail-client-mta, which replaces a mail transport agent. The package contains the spool for
 * users without a home directory, the timer that attempts delivery of queued messages, and links to mail-client's
 * sendmail.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { root } from "./ready.mjs";

const name = "mail-client-mta";
const spool = "/var/spool/mail-client";
const timer = "mail-client-queue.timer";

const postinst = `#!/bin/sh
set -e
if [ "$1" = configure ]; then
  # Like /tmp: each user without a home creates a directory, which only this user and root can remove.
  [ -d ${spool} ] || install -d -o root -g root -m 1777 ${spool}
  if command -v deb-systemd-helper >/dev/null; then
    deb-systemd-helper unmask ${timer} >/dev/null || true
    if deb-systemd-helper --quiet was-enabled ${timer}; then
      deb-systemd-helper enable ${timer} >/dev/null || true
    else
      deb-systemd-helper update-state ${timer} >/dev/null || true
    fi
  fi
  if [ -d /run/systemd/system ]; then
    systemctl --system daemon-reload >/dev/null || true
    deb-systemd-invoke start ${timer} >/dev/null || true
  fi
fi
`;

const prerm = `#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
  deb-systemd-invoke stop ${timer} >/dev/null || true
fi
`;

const postrm = `#!/bin/sh
set -e
if [ -d /run/systemd/system ]; then
  systemctl --system daemon-reload >/dev/null || true
fi
if [ "$1" = purge ]; then
  if command -v deb-systemd-helper >/dev/null; then
    deb-systemd-helper purge ${timer} >/dev/null || true
  fi
  # Queued messages are kept.
  if [ -d ${spool} ]; then
    rmdir --ignore-fail-on-non-empty ${spool}
  fi
fi
`;

/** Returns the description of the package (deb-control(5)). */
function control({ version, architecture, maintainer }) {
  return `Package: ${name}
Version: ${version}
Architecture: ${architecture}
Maintainer: ${maintainer}
Installed-Size: 32
Depends: mail-client (= ${version})
Provides: mail-transport-agent
Conflicts: mail-transport-agent
Replaces: mail-transport-agent
Section: mail
Priority: optional
Description: sendmail command that submits mail to a mail server
 Sends the mail of cron, PHP and other programs to the server that
 /etc/mail.rc or the caller's ~/.mailrc names, and queues it if the server is
 unavailable. It neither receives mail nor delivers it to other hosts itself.
`;
}

/**
 * Builds the package.
 *
 * @param package the version, architecture, maintainer, copyright and changelog that both packages share
 * @param setModes sets the modes of a directory's files
 * @returns the name of the package's file
 */
export function buildMtaPackage(tree, { copyright, changelog, ...about }, setModes) {
  const put = (path, content, mode = 0o644) => {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), content, { mode });
  };
  const link = (target, path) => {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    symlinkSync(target, join(tree, path));
  };
  link("../lib/mail-client/bin/sendmail.js", "usr/sbin/sendmail");
  // The path that older programs use (Debian policy, section 11.6).
  link("../sbin/sendmail", "usr/lib/sendmail");
  link("../sbin/sendmail", "usr/bin/mailq");
  link("../sbin/sendmail", "usr/bin/newaliases");
  put("usr/share/man/man8/sendmail.8.gz", gzipSync(readFileSync(join(root, "man/mail-sendmail.8")), { level: 9 }));
  for (const page of ["mailq", "newaliases"]) link("../man8/sendmail.8.gz", `usr/share/man/man1/${page}.1.gz`);
  for (const unit of ["mail-client-queue.service", timer]) {
    put(`usr/lib/systemd/system/${unit}`, readFileSync(join(root, "scripts", unit)));
  }
  put(`usr/lib/tmpfiles.d/${name}.conf`, `d ${spool} 1777 root root -\n`);
  put(`usr/share/doc/${name}/copyright`, copyright);
  put(`usr/share/doc/${name}/changelog.gz`, gzipSync(changelog(name), { level: 9 }));
  setModes(tree);
  put("DEBIAN/control", control(about));
  for (const [script, text] of Object.entries({ postinst, prerm, postrm })) put(`DEBIAN/${script}`, text, 0o755);
  const made = `${name}_${about.version}_${about.architecture}.deb`;
  execFileSync("dpkg-deb", ["--build", "--root-owner-group", tree, join(root, made)], { stdio: ["ignore", 2, 2] });
  return made;
}
