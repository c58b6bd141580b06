// `help [COMMAND...|TOPIC]`: prints a command's `--help` or a topic. For an unknown word it suggests the nearest one.
import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { mutants } from '../protocol'
import { CannotRun } from './cannot-run'
import { exampleLines } from './examples'
import { helpTopics, type HelpTopic } from './help-topics'
import { pagePath } from './pages'
import { nearest } from './nearest'

const columns = 80

export function helpCommand(wholeTree: () => Promise<Command>) {
  return (program: Command): void => {
    program.command('help').argument('[words...]', 'a command, or a topic')
      .description('help for a command or a topic')
      .action(async (words: string[]) => {
        process.stdout.write(helpText(await wholeTree(), words))
      })
  }
}

/** Throws a CannotRun for words that are neither a command nor a topic. */
export function helpText(program: Command, words: readonly string[]): string {
  const topic = helpTopics.find(({ name }) => words.length === 1 && name === words[0])
  if (topic) return topicText(topic)
  let command = program
  for (const word of words) {
    const next = command.commands.find((each) => each.name() === word)
    if (next === undefined) {
      const topics = command === program ? helpTopics.map(({ name }) => name) : []
      throw new CannotRun(unknownText([...command.commands.map((each) => each.name()), ...topics], word))
    }
    command = next
  }
  return fullHelp(command)
}

/** Includes the text of `addHelpText`, which `helpInformation` leaves out. */
function fullHelp(command: Command): string {
  let text = ''
  command.configureOutput({ writeOut: (part) => { text += part } })
  command.outputHelp()
  return text
}

function unknownText(known: readonly string[], word: string): string {
  const guess = nearest(word, known)
  return `There is no command or topic ${JSON.stringify(word.slice(0, 40))}.${guess === undefined ? ' understudy help lists them.' : ` Did you mean ${guess}?`}`
}

/** The mutants' names come from the protocol, so that they are not repeated here. */
export function listOf(topic: HelpTopic): readonly (readonly [word: string, means: string])[] {
  return topic.name === 'broken-rules' ? Object.entries(mutants).map(([name, { does }]) => [name, does] as const) : topic.list ?? []
}

function topicText(topic: HelpTopic): string {
  const list = listOf(topic).map(([word, means]) => `  ${word}\n${wrapped(means, 6)}`)
  const parts = [`${topic.name}: ${topic.title}`, ...topic.paragraphs.map((text) => wrapped(text, 0)), ...list.length === 0 ? [] : [list.join('\n')]]
  const page = topic.page === '' || !existsSync(pagePath(topic.page)) ? '' : `\nMore: ${pagePath(topic.page)}\n`
  return `${parts.join('\n\n')}\n${exampleLines(topic.examples)}${page}`
}

/** Wraps to 80 columns with this indent; a longer word gets its own line. */
export function wrapped(text: string, indent: number): string {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && indent + line.length + 1 + word.length > columns) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line].map((each) => `${' '.repeat(indent)}${each}`).join('\n')
}
