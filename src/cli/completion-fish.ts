// The completion script for fish: one line for each command, option and argument. Each has the condition that its command is active. Pure.
import { everyCommand, type CommandShape, type OptionShape, type ValueKind } from './command-shape'

/** A file for the folder completions of fish. */
export function fishCompletion(program: CommandShape): string {
  const longest = Math.max(...everyCommand(program).map(({ path }) => path.length))
  return `# Completion of understudy for fish.

# Whether the words so far name this command, and no command below it that the second list has.
function __understudy_is
    set -l path (string split -n ' ' -- $argv[1])
    set -l below (string split -n ' ' -- $argv[2])
    set -l words
    for word in (commandline -opc)[2..-1]
        string match -q -- '-*' $word; or set -a words $word
    end
    set -l count (count $path)
    for index in (seq ${longest})
        test $index -le $count; or break
        test "$words[$index]" = "$path[$index]"; or return 1
    end
    set -l next (math $count + 1)
    not contains -- "$words[$next]" $below
end

complete -c understudy -f
${everyCommand(program).flatMap(commandLines).join('\n')}

complete -c understudy-lab -w understudy
`
}

function commandLines({ path, commands, options, values }: CommandShape): string[] {
  const condition = `-n ${quoted(`__understudy_is ${quoted(path.join(' '))} ${quoted(commands.map((command) => command.path.at(-1)).join(' '))}`)}`
  const line = (...parts: string[]): string => ['complete -c understudy', condition, ...parts.filter((part) => part !== '')].join(' ')
  const first = values.find(({ kind }) => kind.type !== 'free')
  return [
    ...commands.map(({ path: below, says }) => line(`-a ${quoted(below.at(-1) ?? '')}`, `-d ${quoted(says)}`)),
    ...first ? [line(...offered(first.kind))] : [],
    ...options.map((option) => line(...optionParts(option))),
  ]
}

function optionParts({ names, says, value }: OptionShape): string[] {
  const called = names.map((name) => name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`)
  return [...called, `-d ${quoted(says)}`, ...value === null ? [] : [value.kind.type === 'files' ? '-r' : '-x', ...offered(value.kind)]]
}

function offered(kind: ValueKind): string[] {
  switch (kind.type) {
    case 'words': return ['-a', quoted(kind.words.join(' '))]
    case 'files': return ['-F']
    case 'folders': return ['-a', quoted('(__fish_complete_directories)')]
    case 'free': return []
  }
}

/** Quotes a text for fish, where a backslash and a quote must be escaped within quotes. */
const quoted = (text: string): string => `'${text.replaceAll(/[\\']/g, (sign) => `\\${sign}`)}'`
