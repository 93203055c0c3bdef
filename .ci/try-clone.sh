#!/bin/bash
# try-clone SETTING CLONE COMMAND...: runs the README's commands in a clone. Writes one line per command to descriptor 3:
# setting, command and result, separated by tabs. After a failing command, prints its output and exits with 1.
set -u
setting=$1 clone=$2
shift 2
cd "$clone" || exit 1
output=$(mktemp -d)
trap 'rm -rf "$output"' EXIT
prefix=$output/prefix

# Lists the files outside the clone, except npm's own caches.
list_files() {
  find "$HOME" /tmp /var/tmp \( -path "$clone" -o -path "$output" -o -path "$HOME/.npm" -o -path /tmp/node-compile-cache \) \
    -prune -o -print 2>/dev/null | sort
}

run_test() { npm test; }
run_first-half() { npm test -- --shard=1/2; }
run_second-half() { npm test -- --shard=2/2; }
run_demo() { npm run demo; }
run_build() { npm ci && npm run build; }
run_pack() { npm pack --pack-destination "$output"; }
run_install() { npm install -g --prefix "$prefix" --no-audit --no-fund "$output"/mail-client-*.tgz; }
run_programs() {
  local version
  version="mail $(node -p 'require("./package.json").version')"
  [[ $("$prefix/bin/mail" -V) == "$version" && $("$prefix/bin/mailx" -V) == "$version" ]] || return
  "$prefix/bin/maild" --help >/dev/null || return
  printf 'From ann Sat Jan 16 18:22:03 2021\nSubject: one\n\nbody\n\n' >"$output/mailbox"
  printf 'p\nd\nq\n' | "$prefix/bin/mail" -n -f "$output/mailbox" | tee "$output/session" || return
  grep -qx body "$output/session" && [[ ! -s $output/mailbox ]]
}
# The two commands in the README leave no files outside the clone.
run_nothing-left() { diff "$output/before" <(list_files); }

list_files >"$output/before"
printf '%s: %s, Node %s, %s, TZ=%s, LANG=%s\n' "$setting" "$(id -un)" "$(node -v)" "$clone" "${TZ:-}" "${LANG:-}"
for command in "$@"; do
  started=$SECONDS
  if "run_$command" >"$output/$command" 2>&1 </dev/null 3>&-; then
    grep -E '^Tests: ' "$output/$command"
    printf '%s\t%s\tok, %d s\n' "$setting" "$command" $((SECONDS - started)) >&3
  else
    cat "$output/$command"
    printf '%s\t%s\tFAILED\n' "$setting" "$command" >&3
    echo "$setting: $command failed; its output is above." >&2
    exit 1
  fi
done
