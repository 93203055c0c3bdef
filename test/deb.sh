#!/bin/bash
# Tests the Debian package as an administrator uses it: installs the package, runs `mail`, and removes the package.
# After that, the programs that the package replaced must be restored. Needs root, strace, lintian and systemd-analyze.
# The package mail-client must not be installed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() {
  printf 'deb: %s\n' "$1" >&2
  exit 1
}

place=$(mktemp -d)
before=$(readlink -f /usr/bin/mail || true)
mapfile -t packages < <(npm run --silent deb)
package=${packages[0]} mta=${packages[1]}
trap 'rm -rf "$place" "$package" "$mta"; dpkg -r mail-client >/dev/null 2>&1 || true' EXIT

if dpkg-query -W -f '${Status}' mail-client 2>/dev/null | grep -q ' installed'; then
  fail 'mail-client is installed already: dpkg -r mail-client'
fi
[[ -z $(dpkg-deb --ctrl-tarfile "$package" | tar -tf - | grep conffiles) ]] || fail 'it has configuration files'
dpkg-deb -f "$package" Depends | grep -q 'nodejs (>= 20)' || fail 'it does not depend on nodejs'
remarks=$(lintian --allow-root --fail-on none "$package" "$mta")
[[ ! $remarks =~ (^|$'\n')[EW]: ]] || fail "lintian: $remarks"
dpkg -i "$package" >/dev/null

for name in mail mailx Mail; do
  [[ $("$name" -V) == "mail $(node -p 'require("./package.json").version')" ]] || fail "$name is not ours"
  man -w "$name" | grep -q mail-client || fail "man $name is not ours"
done
maild --help >/dev/null || fail 'maild does not start'
for name in mail mailx Mail maild; do
  [[ -f /usr/share/bash-completion/completions/$name ]] || fail "no completion of $name"
done
systemd-analyze verify /usr/lib/systemd/system/maild.service || fail "the unit of maild is not correct"
# mail-client-mta would replace this machine's mail transport agent, so its contents are only unpacked.
dpkg-deb -x "$mta" "$place/mta"
for name in usr/sbin/sendmail usr/lib/sendmail usr/bin/mailq usr/bin/newaliases; do
  [[ -L $place/mta/$name ]] || fail "$name is missing in mail-client-mta"
done
for field in Provides Conflicts Replaces; do
  [[ $(dpkg-deb -f "$mta" "$field") == mail-transport-agent ]] || fail "mail-client-mta: wrong $field"
done
[[ $(/usr/lib/mail-client/bin/sendmail.js --version) == sendmail* ]] || fail 'sendmail does not start'
for unit in service timer; do
  cp "$place/mta/usr/lib/systemd/system/mail-client-queue.$unit" "$place"
  sed -i "s#/usr/sbin/sendmail#/usr/lib/mail-client/bin/sendmail.js#; /^Documentation=/d" "$place/mail-client-queue.$unit"
done
systemd-analyze verify "$place"/mail-client-queue.* || fail 'the units of mail-client-mta are not correct'
[[ ! -e /etc/systemd/system/multi-user.target.wants/maild.service ]] || fail 'maild is enabled'

# A session with its own mailbox acquires a real lock, which works only if the package contains all of koffi.
export HOME=$place MAIL=$place/spool
printf 'From ann Sat Jan 16 18:22:03 2021\nSubject: one\n\nbody\n\n' >"$MAIL"
printf '1\nq\n' >"$place/commands"
strace -f -e trace=fcntl -o "$place/trace" mail -n <"$place/commands" >"$place/out"
grep -Eq 'F_(OFD_)?SETLK' "$place/trace" || fail 'no fcntl() lock was taken'
grep -q "^Saved 1 message in $place/mbox" "$place/out" || fail 'quit did not save'
[[ ! -s $MAIL ]] || fail 'the message is still in the mailbox'
grep -q '^Subject: one' "$place/mbox" || fail 'the message is not in mbox'

dpkg -r mail-client >/dev/null
[[ $(readlink -f /usr/bin/mail || true) == "$before" ]] || fail "/usr/bin/mail is not $before again"
[[ ! -e /usr/lib/mail-client ]] || fail 'files were left behind'
echo "deb: $package installed, used as mail, and removed"
