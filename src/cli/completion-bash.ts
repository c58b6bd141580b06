// The completion script for bash from 3.2 on, the version of macOS: no associative arrays, no mapfile, no package bash-completion.
// The script contains all data; it must start no program when a key is pressed. Pure.
import { everyCommand, type CommandShape, type ValueKind } from './command-shape'

/** A script to source. */
export function bashCompletion(program: CommandShape): string {
  return `# Completion of understudy for bash. Load it with: source <(understudy completion bash)

# Sets found to what is known under "commands PATH", "options PATH", "argument PATH" or "value PATH OPTION".
_understudy_known() {
  case "$1" in
${everyCommand(program).flatMap(entries).map(([key, found]) => `    '${key}') found=${quoted(found)} ;;`).join('\n')}
    *) found='' ;;
  esac
}

${finding}`
}

/** Quotes a text for every shell here. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

function entries({ path, commands, options, values }: CommandShape): [key: string, found: string][] {
  const name = path.join(' ')
  const found: [string, string][] = []
  if (commands.length > 0) found.push([`commands ${name}`, commands.map((command) => command.path.at(-1)).join(' ')])
  found.push([`options ${name}`, options.flatMap(({ names }) => names).join(' ')])
  const first = values.find(({ kind }) => kind.type !== 'free')
  if (first) found.push([`argument ${name}`, kindWords(first.kind)])
  for (const { names, value } of options) {
    if (value) for (const each of names) found.push([`value ${name} ${each}`, `${value.isVariadic ? 'many' : 'one'} ${kindWords(value.kind)}`])
  }
  return found
}

function kindWords(kind: ValueKind): string {
  switch (kind.type) {
    case 'words': return `words ${kind.words.join(' ')}`
    case 'files': return ['files', ...kind.endings].join(' ')
    case 'folders': return 'folders'
    case 'free': return 'free'
  }
}

const finding = `# Adds to COMPREPLY what may stand for $2, by the kind in $1.
_understudy_offer() {
  local kind=\${1%% *} rest='' each ending
  [[ $1 == *' '* ]] && rest=\${1#* }
  case $kind in
    words)
      while IFS= read -r each; do COMPREPLY+=("$each"); done < <(compgen -W "$rest" -- "$2") ;;
    folders)
      compopt -o filenames 2>/dev/null
      while IFS= read -r each; do COMPREPLY+=("$each"); done < <(compgen -d -- "$2") ;;
    files)
      compopt -o filenames 2>/dev/null
      while IFS= read -r each; do
        if [[ -z $rest || -d $each ]]; then COMPREPLY+=("$each"); continue; fi
        for ending in $rest; do [[ $each == *."$ending" ]] && COMPREPLY+=("$each"); done
      done < <(compgen -f -- "$2") ;;
  esac
}

_understudy() {
  local current=\${COMP_WORDS[COMP_CWORD]} path='' waits='' word found index
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    # --on=processes comes as three words.
    [[ $word == '=' ]] && continue
    if [[ $word == -?* ]]; then
      _understudy_known "value $path $word"
      waits=$found
    elif [[ $waits == one\\ * ]]; then
      waits=''
    elif [[ -z $waits ]]; then
      _understudy_known "commands $path"
      [[ " $found " == *" $word "* ]] && path=\${path:+$path }$word
    fi
  done
  [[ $current == '=' ]] && current=''
  if [[ -n $waits && ( $waits == one\\ * || $current != -* ) ]]; then
    _understudy_offer "\${waits#* }" "$current"
    [[ $waits == one\\ * ]] && return
  fi
  if [[ $current == -* ]]; then
    _understudy_known "options $path"
    _understudy_offer "words $found" "$current"
  elif [[ -z $waits ]]; then
    _understudy_known "commands $path"
    _understudy_offer "words $found" "$current"
    _understudy_known "argument $path"
    _understudy_offer "$found" "$current"
  fi
}

complete -F _understudy understudy understudy-lab
`
