// `man`: prints the manual page of all commands, options and topics in roff for man(1) and groff. It is generated from the same commands as the help.
// The package also holds it as a file.
import type { Command } from 'commander'
import { everyCommand, shapeOf, type CommandShape } from './command-shape'
import { exampleLine, examplesOf, type Example } from './examples'
import { listOf } from './help'
import { helpTopics, type HelpTopic } from './help-topics'

/** Set by the build. */
declare const __VERSION__: string

export function manCommand(wholeTree: () => Promise<Command>) {
  return (program: Command): void => {
    program.command('man').description('prints the manual page, as man takes it')
      .action(async () => {
        process.stdout.write(manPage(shapeOf(await wholeTree()), __VERSION__))
      })
  }
}

/** The page as roff. */
export function manPage(program: CommandShape, version: string): string {
  const below = everyCommand(program).filter(({ path }) => path.length > 0)
  return [
    `.TH UNDERSTUDY 1 "" ${argument(`understudy ${version}`)} "User Commands"`,
    '.SH NAME', 'understudy \\- a lab for primary\\-backup replication with a view server',
    '.SH SYNOPSIS', '.B understudy', ...paragraph('[command] [options]'),
    '.SH DESCRIPTION', ...paragraph(program.says), '.P', ...paragraph('The command understudy-lab is the same.'),
    '.SH OPTIONS', ...optionLines(program),
    '.SH COMMANDS', ...below.flatMap(commandLines),
    ...helpTopics.flatMap((topic) => topicLines(topic)),
    '',
  ].join('\n')
}

function commandLines(command: CommandShape): string[] {
  const lines = [`.SS ${argument(command.usage.replace(/^understudy /, ''))}`, ...paragraph(`${command.says}.`)]
  for (const { name, says } of command.values) if (says !== '') lines.push('.TP', `.I ${text(name)}`, ...paragraph(says))
  return [...lines, ...optionLines(command), ...exampleLines(examplesOf(command.path.join(' ')))]
}

function optionLines({ options }: CommandShape): string[] {
  return options.flatMap(({ flags, says }) => ['.TP', `.B ${text(flags)}`, ...paragraph(says)])
}

function topicLines(topic: HelpTopic): string[] {
  const paragraphs = topic.paragraphs.flatMap((each) => ['.P', ...paragraph(each)])
  const list = listOf(topic).flatMap(([word, means]) => ['.TP', `.B ${text(word)}`, ...paragraph(means)])
  return [`.SH ${argument(topic.name.toUpperCase().replaceAll('-', ' '))}`, ...paragraph(`${topic.title}.`.replace(/^./, (first) => first.toUpperCase())), ...paragraphs, ...list, ...exampleLines(topic.examples)]
}

function exampleLines(examples: readonly Example[]): string[] {
  if (examples.length === 0) return []
  return ['.P', examples.length === 1 ? 'Example:' : 'Examples:', '.P', '.nf', '.RS 4', ...examples.flatMap((example) => [text(exampleLine(example)), text(`    ${example.does}`)]), '.RE', '.fi']
}

/** A text line in which no character acts as a roff request. */
function paragraph(plain: string): string[] {
  return [text(plain)]
}

/** Escapes plain text for roff: backslashes and hyphens stay as typed, non-ASCII characters become numbers, and no line starts with a dot or a quote. */
function text(plain: string): string {
  return [...plain].map(signOf).join('').replace(/^[.']/, (first) => `\\&${first}`)
}

const signs: Readonly<Record<string, string>> = { '\\': '\\e', '-': '\\-', '~': '\\(ti', '^': '\\(ha', '`': '\\(ga', "'": '\\(aq', '"': '\\(dq' }

function signOf(sign: string): string {
  if (Object.hasOwn(signs, sign)) return signs[sign] ?? sign
  const code = sign.codePointAt(0) ?? 0
  return code < 128 ? sign : `\\[u${code.toString(16).toUpperCase().padStart(4, '0')}]`
}

/** Quotes the text as one argument of a request. */
function argument(plain: string): string {
  return `"${text(plain)}"`
}
