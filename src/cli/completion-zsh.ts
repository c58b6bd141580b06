// The completion script for zsh: one function for each command, with its options and values in the syntax of `_arguments`. Pure.
import { everyCommand, type CommandShape, type OptionShape, type ValueKind } from './command-shape'
import { quoted } from './completion-bash'

/** A file for a folder of the fpath, or a script to source. */
export function zshCompletion(program: CommandShape): string {
  return `#compdef understudy understudy-lab
# Completion of understudy for zsh. Put it as _understudy into a folder of your fpath.

${everyCommand(program).map(commandFunction).join('\n\n')}

if [[ $funcstack[1] == _understudy ]]; then
  _understudy "$@"
else
  compdef _understudy understudy understudy-lab
fi
`
}

const functionOf = (path: readonly string[]): string => ['_understudy', ...path.map((word) => word.replaceAll('-', '_'))].join('_')

function commandFunction({ path, commands, options, values }: CommandShape): string {
  const specs = [...options.flatMap(optionSpecs), ...values.map(({ name, kind, isVariadic }, index) => quoted(`${isVariadic ? '*' : index + 1}:${escaped(name)}:${action(kind)}`))]
  if (commands.length === 0) return `${functionOf(path)}() {\n  _arguments ${specs.join(' \\\n    ')}\n}`
  const named = commands.map(({ path: below, says }) => quoted(`${below.at(-1)}:${says}`))
  const cases = commands.map(({ path: below }) => `        ${below.at(-1)}) ${functionOf(below)} ;;`)
  return `${functionOf(path)}() {
  local state line
  local -a commands
  commands=(
    ${named.join('\n    ')}
  )
  _arguments -C ${[...options.flatMap(optionSpecs), "'1: :->command'", "'*:: :->rest'"].join(' \\\n    ')}
  case $state in
    command) _describe -t commands command commands ;;
    rest)
      case $words[1] in
${cases.join('\n')}
      esac ;;
  esac
}`
}

function optionSpecs({ names, says, value, isRepeated }: OptionShape): string[] {
  return names.map((name) => {
    const star = isRepeated ? '*' : ''
    const takes = value === null ? '' : `:${escaped(value.name)}:${action(value.kind)}`
    return quoted(`${star}${name}[${escaped(says)}]${takes}`)
  })
}

/** In zsh a bracket ends a description and a colon starts the next part, so both are escaped. */
const escaped = (text: string): string => text.replaceAll(/[\\[\]:]/g, (sign) => `\\${sign}`)

function action(kind: ValueKind): string {
  switch (kind.type) {
    case 'words': return `(${kind.words.join(' ')})`
    case 'files': return kind.endings.length === 0 ? '_files' : `_files -g "*.(${kind.endings.join('|')})"`
    case 'folders': return '_files -/'
    case 'free': return ' '
  }
}
