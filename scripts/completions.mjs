/**
 * Generates command-line completions for bash, zsh and fish from the table of options.
 *
 * The completions for an argument depend on its name in the table: file, user, address or list, name=value.
 */

/**
 * Returns the contents of the completion files, keyed by file name.
 *
 * @param topics the topics of `mail help`
 */
export function completions({ options, variables, maildOptions, topics }) {
  const tables = {
    options: [...options, { letter: "h", long: "help", meaning: "Print the options." }],
    maildOptions: [...maildOptions, { long: "help", meaning: "Print the options." }],
    variables: Object.keys(variables),
    // Topics such as ~| or !! are omitted, because each shell would require different quoting.
    topics: topics.filter((topic) => /^[A-Za-z-][A-Za-z0-9-]*$/.test(topic)),
  };
  return { mail: bash(tables), _mail: zsh(tables), "mail.fish": fish(tables) };
}

/**
 * Returns a shell command that prints the names that an alias, group or account command in ~/.mailrc defines. The shell
 * command works in all three shells. Omits names that contain characters that a shell would expand.
 */
const namesAfter = (command, file) =>
  `sed -n 's/^[[:blank:]]*\\(${command}\\)[[:blank:]]\\{1,\\}\\([[:alnum:]._+-]\\{1,\\}\\)[[:blank:]].*/\\2/p' ${file} 2>/dev/null`;
const aliases = (file) => namesAfter("alias\\|group", file);
const accounts = (file) => namesAfter("account", file);

const choices = { when: ["failed", "output", "always", "changed"] };

function kindOf({ long, argument }) {
  if (argument === undefined) return "none";
  if (long === "account" || argument === "account") return "account";
  if (argument in choices) return "choice";
  if (argument === "name=value") return "variable";
  if (argument === "user") return "user";
  if (argument === "directory") return "directory";
  if (/^(address|list)$/.test(argument)) return "address";
  return /^(file|log)/.test(argument) ? "file" : "text";
}

function words(options) {
  return options.flatMap(({ letter, long }) => [...(letter === undefined ? [] : [`-${letter}`]), `--${long}`]);
}

function bash({ options, variables, maildOptions, topics }) {
  const reply = (list) => `mapfile -t COMPREPLY < <(compgen ${list} -- "$word")`;
  // If there is no match, readline completes the word. readline quotes names and marks directories.
  const actions = {
    file: "compopt -o default",
    directory: "compopt -o dirnames",
    user: reply("-u"),
    address: reply('-u -W "$aliases"'),
    account: reply(`-W "$(${accounts(`"\${MAILRC:-$HOME/.mailrc}"`)})"`),
    variable: `compopt -o nospace; ${reply(`-W '${variables.join(" ")}'`)}`,
    text: ":",
  };
  const cases = (table) =>
    table
      .filter(({ long, argument }) => argument !== undefined || long === "file")
      .map((option) => {
        const kind = option.long === "file" ? "file" : kindOf(option);
        const action = kind === "choice" ? reply(`-W '${choices[option.argument].join(" ")}'`) : actions[kind];
        return `    ${words([option]).join("|")}) ${action}; return ;;`;
      })
      .join("\n");
  return `# bash completion for mail(1) and maild(8)
_mail_word() {
  word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]}
  # readline separates the argument of --option=argument from the option.
  if [[ $word == = ]]; then
    word=
  elif [[ $before == = && \${COMP_WORDS[COMP_CWORD - 2]} == --* ]]; then
    before=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  COMPREPLY=()
}
_mail() {
  local word before aliases
  _mail_word
  aliases=$(${aliases(`"\${MAILRC:-$HOME/.mailrc}"`)})
  if ((COMP_CWORD == 2)) && [[ $before == help ]]; then
    ${reply(`-W '${topics.join(" ")}'`)}
    return
  fi
  case $before in
${cases(options)}
  esac
  if [[ $word == -* ]]; then
    ${reply(`-W '${words(options).join(" ")}'`)}
  else
    ((COMP_CWORD > 1)) || aliases+=$'\n'help
    ${reply('-u -W "$aliases"')}
  fi
}
_maild() {
  local word before
  _mail_word
  case $before in
${cases(maildOptions)}
  esac
  ${reply(`-W '${words(maildOptions).join(" ")}'`)}
}
complete -F _mail mail mailx Mail
complete -F _maild maild
`;
}

function zsh({ options, variables, maildOptions, topics }) {
  const actions = {
    file: "_files",
    directory: "_directories",
    user: "_users",
    address: "_mail_people",
    account: "_mail_accounts",
    variable: "_mail_variables",
    text: " ",
  };
  const specs = (table) =>
    table
      .map((option) => {
        const { letter, long, argument, repeats, meaning } = option;
        const kind = kindOf(option);
        const action = kind === "choice" ? `(${choices[argument].join(" ")})` : actions[kind];
        const said = meaning.replace(/[[\]\\:]/g, "\\$&").replaceAll("'", "'\\''");
        const takes = long === "file" ? "::file:_files" : argument === undefined ? "" : `:${argument}:${action}`;
        const forms = letter === undefined ? `--${long}` : `{-${letter},--${long}}`;
        const apart = letter === undefined || repeats ? (repeats ? "'*'" : "") : `'(-${letter} --${long})'`;
        return `    ${apart}${forms}'[${said}]${takes}'`;
      })
      .join(" \\\n");
  return `#compdef mail mailx Mail maild
# zsh completion for mail(1) and maild(8)
_mail_people() {
  local -a aliases
  aliases=(\${(f)"$(${aliases(`\${MAILRC:-$HOME/.mailrc}`)})"})
  ((CURRENT > 2)) || aliases+=(help)
  _alternative 'users:user:_users' "aliases:alias:(\${aliases[*]})"
}
_mail_accounts() {
  local -a accounts
  accounts=(\${(f)"$(${accounts(`\${MAILRC:-$HOME/.mailrc}`)})"})
  compadd -a accounts
}
_mail_variables() {
  compadd -S '' -- ${variables.join(" ")}
}
_mail() {
  if [[ $service == maild ]]; then
    _arguments -s -S \\
${specs(maildOptions)}
  elif ((CURRENT == 3)) && [[ $words[2] == help ]]; then
    compadd -- ${topics.join(" ")}
  else
    _arguments -s -S \\
${specs(options)} \\
    '*:recipient:_mail_people'
  fi
}
_mail "$@"
`;
}

function fish({ options, variables, maildOptions, topics }) {
  const rows = (command, table) =>
    table.map((option) => {
      const { letter, long, meaning, argument } = option;
      const kind = kindOf(option);
      const takes = {
        none: "",
        file: " -r -F",
        directory: " -x -a '(__fish_complete_directories)'",
        user: " -x -a '(__fish_complete_users)'",
        address: " -x -a '(__mail_people)'",
        account: " -x -a '(__mail_accounts)'",
        variable: ` -x -a '${variables.join(" ")}'`,
        choice: ` -x -a '${(choices[argument] ?? []).join(" ")}'`,
        text: " -x",
      }[kind];
      const short = letter === undefined || !/^[A-Za-z]$/.test(letter) ? "" : ` -s ${letter}`;
      return `complete -c ${command}${short} -l ${long}${takes} -d '${meaning.replace(/['\\]/g, "\\$&")}'`;
    });
  const helping = "test (commandline -opc)[2] = help 2>/dev/null";
  return `# fish completion for mail(1) and maild(8)
function __mail_people
    __fish_complete_users
    ${aliases("~/.mailrc")}
end
function __mail_accounts
    ${accounts("~/.mailrc")}
end
complete -c mailx -w mail
complete -c Mail -w mail
complete -c mail -f -n 'not __fish_contains_opt -s f file; and not ${helping}' -a '(__mail_people)'
complete -c mail -n 'test (count (commandline -opc)) -eq 1' -a help
complete -c mail -f -n 'test (count (commandline -opc)) -eq 2; and ${helping}' -a '${topics.join(" ")}'
${rows("mail", options).join("\n")}
complete -c maild -f
${rows("maild", maildOptions).join("\n")}
`;
}
