# Completion of tegodrop for bash. Commands, options and what they take are those that the installed program's --help names.

# The first words of the lines below a heading of the help ("Subcommands:", "Options:"); of options their long names.
_tegodrop_names() {
  sed -n "/^$1/,/^\$/s/^  \(-[a-zA-Z],\)\{0,1\}\([a-z-][a-z-]*\).*/\2/p"
}

# What a value is called: of an option in its line ("--folder PATH"), of a word of its own in the usage ("[JOB...]").
_tegodrop_kind() {
  case $1 in
    -*) sed -n "s/^  \(-[a-zA-Z],\)\{0,1\}\(-.*,\)\{0,1\}${1} \([A-Z_]*\).*/\3/p; s/^  ${1},--[a-z-]* \([A-Z_]*\).*/\1/p" ;;
    *) sed -n 's/^Usage: .*[ [(]\([A-Z_]*\)\(\.\.\.\)\{0,1\}[])]*$/\1/p' ;;
  esac
}

_tegodrop() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local program=${COMP_WORDS[0]} help word kind= skip= i
  local path=() config=() found=()
  help=$("$program" --help 2>/dev/null) || return
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [[ -n $skip ]]; then
      if [[ $skip == FILE && ${COMP_WORDS[i - 1]} == -c || ${COMP_WORDS[i - 1]} == --config ]]; then config=(--config "$word"); fi
      skip=
    elif [[ $word == -* ]]; then
      skip=$(_tegodrop_kind "$word" <<<"$help")
    elif _tegodrop_names Subcommands: <<<"$help" | grep -qxF -e "$word"; then
      path+=("$word")
      help=$("$program" "${path[@]}" --help 2>/dev/null) || return
    fi
  done
  if [[ -n $skip ]]; then
    kind=$skip
  elif [[ $current == -* ]]; then
    kind=option
  elif grep -q '^Subcommands:' <<<"$help"; then
    kind=command
  else
    kind=$(_tegodrop_kind word <<<"$help")
  fi
  case $kind in
    option) found=($(compgen -W "$(_tegodrop_names Options: <<<"$help")" -- "$current")) ;;
    command) found=($(compgen -W "$(_tegodrop_names Subcommands: <<<"$help")" -- "$current")) ;;
    JOB) found=($(compgen -W "$("$program" "${config[@]}" status --json 2>/dev/null | sed -n 's/^ *"id": "\(.*\)",*$/\1/p')" -- "$current")) ;;
    FOLDER) found=($(compgen -W "$("$program" "${config[@]}" status --json 2>/dev/null | sed -n 's/^ *"name": "\(.*\)",*$/\1/p')" -- "$current")) ;;
    FILE | PATH)
      compopt -o filenames 2>/dev/null
      mapfile -t found < <(compgen -f -- "$current")
      ;;
  esac
  COMPREPLY=("${found[@]}")
}
complete -F _tegodrop tegodrop
