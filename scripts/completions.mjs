/**
 * The completions of bash, zsh and fish for the command line, from the table of options.
 *
 * What an argument completes to follows from its name in the table: file, user, address or list, name=value.
 */

/** @returns file name to content */
export function completions({ options, variables }) {
  const names = Object.keys(variables);
  return { mail: bash(options, names), _mail: zsh(options, names), "mail.fish": fish(options, names) };
}

const choices = { when: ["failed", "output", "always", "changed"] };

function kindOf({ argument }) {
  if (argument === undefined) return "none";
  if (argument in choices) return "choice";
  if (argument === "name=value") return "variable";
  if (argument === "user") return "user";
  if (/^(address|list)$/.test(argument)) return "address";
  return /^(file|log)/.test(argument) ? "file" : "text";
}

function words(options) {
  return options.flatMap(({ letter, long }) => [...(letter === undefined ? [] : [`-${letter}`]), `--${long}`]);
}

function bash(options, variables) {
  const cases = (kind, action) => {
    const patterns = options.filter((option) => kindOf(option) === kind).flatMap((option) => words([option]));
    return patterns.length === 0 ? [] : [`    ${patterns.join("|")}) ${action}; return ;;`];
  };
  const reply = (list) => `mapfile -t COMPREPLY < <(compgen ${list} -- "$word")`;
  const chosen = options
    .filter((option) => kindOf(option) === "choice")
    .map((option) => `    --${option.long}) ${reply(`-W '${choices[option.argument].join(" ")}'`)}; return ;;`);
  return `# bash completion for mail(1)
_mail() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]} aliases
  aliases=$(sed -n 's/^[[:blank:]]*\\(alias\\|group\\)[[:blank:]]\\{1,\\}\\([^[:blank:]]*\\).*/\\2/p' "\${MAILRC:-$HOME/.mailrc}" 2>/dev/null)
  COMPREPLY=()
  case $before in
${[
  ...cases("file", reply("-f")),
  ...cases("user", reply("-u")),
  ...cases("address", reply('-u -W "$aliases"')),
  ...cases("variable", `compopt -o nospace; ${reply(`-W '${variables.join(" ")}'`)}`),
  ...chosen,
  ...cases("text", "COMPREPLY=()"),
  `    -f|--file) ${reply("-f")}; return ;;`,
].join("\n")}
  esac
  if [[ $word == -* ]]; then
    ${reply(`-W '${words(options).join(" ")}'`)}
  else
    ${reply('-u -W "$aliases"')}
  fi
}
complete -F _mail mail mailx
`;
}

function zsh(options, variables) {
  const actions = {
    file: "_files",
    user: "_users",
    address: "_mail_people",
    variable: "_mail_variables",
    text: " ",
  };
  const specs = options.map((option) => {
    const { letter, long, argument, repeats, meaning } = option;
    const kind = kindOf(option);
    const action = kind === "choice" ? `(${choices[argument].join(" ")})` : actions[kind];
    const said = meaning.replace(/[[\]\\:]/g, "\\$&").replaceAll("'", "'\\''");
    const takes = long === "file" ? "::file:_files" : argument === undefined ? "" : `:${argument}:${action}`;
    const forms = letter === undefined ? `--${long}` : `{-${letter},--${long}}`;
    const apart = letter === undefined || repeats ? (repeats ? "'*'" : "") : `'(-${letter} --${long})'`;
    return `    ${apart}${forms}'[${said}]${takes}'`;
  });
  return `#compdef mail mailx
# zsh completion for mail(1)
_mail_people() {
  local -a aliases
  aliases=(\${(f)"$(sed -n 's/^[[:blank:]]*\\(alias\\|group\\)[[:blank:]]\\{1,\\}\\([^[:blank:]]*\\).*/\\2/p' \${MAILRC:-$HOME/.mailrc} 2>/dev/null)"})
  _alternative 'users:user:_users' "aliases:alias:(\${aliases[*]})"
}
_mail_variables() {
  compadd -S '' -- ${variables.join(" ")}
}
_mail() {
  _arguments -s -S \\
${specs.join(" \\\n")} \\
    '*:recipient:_mail_people'
}
_mail "$@"
`;
}

function fish(options, variables) {
  const rows = options.map((option) => {
    const { letter, long, meaning, argument } = option;
    const kind = kindOf(option);
    const takes = {
      none: "",
      file: " -r -F",
      user: " -x -a '(__fish_complete_users)'",
      address: " -x -a '(__mail_people)'",
      variable: ` -x -a '${variables.join(" ")}'`,
      choice: ` -x -a '${(choices[argument] ?? []).join(" ")}'`,
      text: " -x",
    }[kind];
    const short = letter === undefined || !/^[A-Za-z]$/.test(letter) ? "" : ` -s ${letter}`;
    return `complete -c mail${short} -l ${long}${takes} -d '${meaning.replace(/['\\]/g, "\\$&")}'`;
  });
  return `# fish completion for mail(1)
function __mail_people
    __fish_complete_users
    sed -n 's/^[[:blank:]]*\\(alias\\|group\\)[[:blank:]]\\{1,\\}\\([^[:blank:]]*\\).*/\\2/p' ~/.mailrc 2>/dev/null
end
complete -c mailx -w mail
complete -c mail -f -n 'not __fish_contains_opt -s f file' -a '(__mail_people)'
${rows.join("\n")}
`;
}
