# Makes root trees that contain only Node, npm, git and Debian's essential packages, and tests a clone in them.
# .ci/run sources this file as root. Everything is mounted in a private mount namespace.

# Spaces and non-ASCII letters, for home directories and clones.
user_home='/home/ana maría'
root_home='/root/mit Umläuten'

# Prints the path of the Node binary that PATH finds.
find_node() {
  node -p process.execPath
}

# Prints the directory of the npm that PATH finds.
find_npm() {
  local program
  program=$(readlink -f "$(command -v npm)")
  dirname "$(dirname "$program")"
}

# make_own_root ROOT: copies Debian's essential packages and git, with their dependencies, from this machine.
# No other program on this machine is available in the tree.
make_own_root() {
  local root=$1 packages
  mapfile -t packages < <(dpkg-query -W -f '${Essential} ${Priority} ${Package}\n' |
    awk '$1 == "yes" || $2 == "required" { print $3 }')
  mapfile -t packages < <(apt-cache depends --recurse --installed --important git ca-certificates "${packages[@]}" |
    grep '^[a-z0-9]' | sort -u | xargs dpkg-query -W -f '${db:Status-Status} ${Package}\n' 2>/dev/null |
    sed -n 's/^installed //p' || true)
  mkdir -p "$root"/{dev,proc,sys,run,home,root,var,etc/alternatives} "$root"/usr/{bin,sbin,lib,lib32,lib64,libx32}
  install -d -m 1777 "$root/tmp" "$root/var/tmp"
  chmod 0700 "$root/root"
  # In Debian, these directories are symbolic links into /usr.
  find / -maxdepth 1 -type l -exec cp -P {} "$root/" ';'
  dpkg-query -L "${packages[@]}" | sort -u | while read -r path; do
    if [[ -L $path || -f $path ]]; then printf '%s\0' "${path#/}"; fi
  done | tar -C / --null --no-recursion -T - -cf - | tar -C "$root" -xpf - --keep-directory-symlink
  cp -P /etc/alternatives/awk "$root/etc/alternatives/"
  cp /usr/share/base-passwd/passwd.master "$root/etc/passwd"
  cp /usr/share/base-passwd/group.master "$root/etc/group"
  [[ -x $root/usr/bin/git && -x $root/bin/bash ]] || fail 'The bare root: git and bash must be Debian packages here.'
}

# make_debian_root ROOT SUITE: makes a minimal Debian with git from the mirror that this machine uses.
make_debian_root() {
  local root=$1 suite=$2 mirror
  mirror=$(apt-get indextargets --format '$(ORIGIN)/$(LABEL) $(REPO_URI)' 'Created-By: Packages' |
    sed -n 's,^Debian/Debian ,,p' | head -n 1)
  debootstrap --variant=minbase --include=git,ca-certificates "$suite" "$root" ${mirror:+"$mirror"} \
    >"$root.log" 2>&1 </dev/null || {
    tail -n 20 "$root.log" >&2
    fail "debootstrap of Debian $suite failed; the last lines of its output are above."
  }
}

# install_node DIRECTORY VERSION: installs the npm package `node`, whose program is DIRECTORY/node_modules/node/bin/node.
install_node() {
  local directory=$1 version=$2
  npm install --silent --no-audit --no-fund --prefix "$directory" "node@$version" >"$directory.log" 2>&1 </dev/null || {
    tail -n 20 "$directory.log" >&2
    fail "npm cannot install node@$version; the last lines of its output are above."
  }
}

# furnish_root ROOT NODE: copies a Node binary, this machine's npm, and the network and registry settings.
furnish_root() {
  local root=$1 node=$2 npm path
  npm=$(find_npm)
  rm -rf "$root/usr/local/lib/node_modules"
  install -D -m 0755 "$node" "$root/usr/local/bin/node"
  mkdir -p "$root/usr/local/lib/node_modules"
  cp -r "$npm" "$root/usr/local/lib/node_modules/npm"
  ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
  ln -sf ../lib/node_modules/npm/bin/npx-cli.js "$root/usr/local/bin/npx"
  # Libraries that Node needs and that no package in the root contains.
  ldd "$node" | sed -n 's,.* => \(/[^ ]*\) .*,\1,p' | while read -r path; do
    [[ -e $root$path ]] || install -D -m 0644 "$path" "$root$path"
  done
  for path in /etc/resolv.conf /etc/hosts "$(npm config get cafile)" "${NODE_EXTRA_CA_CERTS:-}"; do
    [[ ! -f $path ]] || { rm -f "$root$path"; install -D -m 0644 "$path" "$root$path"; }
  done
}

# Prints the environment variables that determine how npm reaches its registry, as NAME=VALUE.
registry_environment() {
  env -0 | grep -z -i -E '^(npm_config_[a-z0-9_]*(registry|proxy|cafile|ca|cert|key|strict_ssl)|(https?|no)_proxy|NODE_EXTRA_CA_CERTS)=' || true
}

# try_clone ROOT SETTING USER NAME=VALUE... -- COMMAND...: clones this repository into the root, and runs the commands of
# try-clone.sh in it as the user root or ana, without a terminal. Appends a line for each command to the file $results.
try_clone() {
  local root=$1 setting=$2 user=$3 home clone variables=() given
  shift 3
  while [[ $1 != -- ]]; do
    variables+=("$1")
    shift
  done
  shift
  if [[ $user == root ]]; then home=$root_home; else home=$user_home; fi
  clone="$home/código/mi mail"
  rm -rf "$root$home"
  mkdir -p "$root$home"
  if [[ $user != root ]]; then
    sed -i '/^ana:/d' "$root/etc/passwd" "$root/etc/group"
    printf 'ana:x:1000:1000:Ana:%s:/bin/bash\n' "$home" >>"$root/etc/passwd"
    printf 'ana:x:1000:\n' >>"$root/etc/group"
  fi
  git clone -q --no-hardlinks "$PWD" "$root$clone"
  # npm's settings on this machine: first those for all users, then those of the current user.
  cat "$(npm config get globalconfig)" "$(npm config get userconfig)" >"$root$home/.npmrc" 2>/dev/null || true
  [[ $user == root ]] || chown -R 1000:1000 "$root$home"
  install -m 0755 .ci/try-clone.sh "$root/usr/local/bin/try-clone"
  mapfile -d '' -t given < <(registry_environment)
  unshare --mount --pid --fork --kill-child bash -c '
    set -eu
    root=$1 setting=$2 user=$3 home=$4 clone=$5
    shift 5
    mount --rbind /dev "$root/dev"
    mount -t proc proc "$root/proc"
    [[ $user == root ]] && ids=0:0 || ids=1000:1000
    exec setsid -w chroot --userspec="$ids" --groups= "$root" env -i HOME="$home" USER="$user" LOGNAME="$user" \
      PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin "${@:1:$#}"
  ' bare "$root" "$setting" "$user" "$home" "$clone" CI="${CI:-true}" "${given[@]}" "${variables[@]}" \
    try-clone "$setting" "$clone" "$@" </dev/null 3>>"$results"
}

# Prints the file $results as a table. Each line contains SETTING, COMMAND and RESULT, separated by tabs.
print_results() {
  awk -F '\t' '
    function put(text, width) { printf "%-" width "s  ", text }
    !($1 in row) { row[$1]; settings[++rows] = $1; if (length($1) > wide) wide = length($1) }
    !($2 in column) { column[$2]; commands[++columns] = $2 }
    { cell[$1, $2] = $3 }
    END {
      put("", wide); for (c = 1; c <= columns; c++) put(commands[c], 12); print ""
      for (r = 1; r <= rows; r++) {
        put(settings[r], wide)
        for (c = 1; c <= columns; c++) put(cell[settings[r], commands[c]] == "" ? "-" : cell[settings[r], commands[c]], 12)
        print ""
      }
    }' "$results"
}
