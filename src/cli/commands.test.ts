// All commands: each has help with valid examples, completion and manual page contain everything, and a mistyped word gets a suggestion.
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { beforeAll, describe, expect, test } from 'vitest'
import { mutantNames } from '../protocol'
import { exportFormats } from '../export'
import { commandTree } from './commands'
import { everyCommand, shapeOf, unknownNames, type CommandShape } from './command-shape'
import { completions } from './completion'
import { examplesOf } from './examples'
import { helpText, wrapped } from './help'
import { helpTopics } from './help-topics'
import { manPage } from './man'
import { nearest } from './nearest'

let program: Command
let shape: CommandShape
beforeAll(async () => {
  program = await commandTree()
  shape = shapeOf(program)
})

const everyOption = (): { path: string; name: string }[] => everyCommand(shape).flatMap(({ path, options }) => options.flatMap(({ names }) => names.map((name) => ({ path: path.join(' '), name }))))

/** Splits words as a shell does; redirections and everything after `||` belong to the shell. */
function shellWords(text: string): string[] {
  const [own = ''] = text.split(/ (?:>|\|\||\|) /)
  return [...own.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, single, double, bare]) => single ?? double ?? bare ?? '')
}

describe('help', () => {
  test('every command has a description and examples, which it takes', async () => {
    for (const { path, says } of everyCommand(shape)) {
      expect(says, path.join(' ')).not.toBe('')
      if (path.length !== 1) continue
      const examples = examplesOf(path[0] ?? '')
      expect(examples.length, path[0]).toBeGreaterThan(0)
      for (const { words } of examples) await parses(words)
    }
    for (const { examples } of helpTopics) for (const { words } of examples) await parses(words)
  })

  async function parses(words: string): Promise<void> {
    const fresh = await commandTree()
    const quiet = (command: Command): void => {
      command.action(() => undefined).configureOutput({ writeErr: () => undefined, writeOut: () => undefined })
      command.commands.forEach(quiet)
    }
    fresh.commands.forEach(quiet)
    await expect(fresh.parseAsync(words === '' ? ['open'] : shellWords(words), { from: 'user' }), words).resolves.toBeDefined()
  }

  test('is had for a command, a command below it, and a topic, with examples', () => {
    expect(helpText(program, ['run'])).toMatch(/Usage: understudy run [^]*--on <stage>[^]*Examples:\n {2}understudy run my\.yaml\n/)
    expect(helpText(program, ['bench', 'rules'])).toContain('Usage: understudy bench rules')
    for (const { name, title } of helpTopics) expect(helpText(program, [name])).toMatch(new RegExp(`^${name}: ${title}[^]*Examples?:\n {2}understudy`))
    for (const name of mutantNames) expect(helpText(program, ['broken-rules'])).toContain(`\n  ${name}\n`)
    for (const { name } of helpTopics) expect(helpText(program, [])).toContain(`  ${name}`)
    expect(helpText(program, [])).not.toContain('run-worker')
  })

  test('says for a wrong word what may have been meant', () => {
    expect(() => helpText(program, ['recordngs'])).toThrow('There is no command or topic "recordngs". Did you mean recordings?')
    expect(() => helpText(program, ['exit'])).toThrow('Did you mean exit-status?')
    expect(() => helpText(program, ['bench', 'ruels'])).toThrow('Did you mean rules?')
    expect(() => helpText(program, ['zzzzzzzz'])).toThrow('There is no command or topic "zzzzzzzz". understudy help lists them.')
    expect([nearest('simulte', ['simulate', 'serve']), nearest('x', ['run']), nearest('nur', ['run', 'bench']), nearest('run', [])]).toEqual(['simulate', undefined, undefined, undefined])
  })

  test('is no wider than a terminal, and loses no word', () => {
    const text = 'one '.repeat(60).trim()
    const lines = wrapped(text, 6).split('\n')
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80)
    expect(lines.map((line) => line.trim()).join(' ')).toBe(text)
  })
})

describe('completion', () => {
  test('knows of every value what it is', () => {
    expect(unknownNames(shape)).toEqual([])
  })

  test('has every command, every option and every choice in each shell', () => {
    const scripts = Object.entries(completions).map(([shell, make]) => [shell, make(shape)] as const)
    for (const [shell, script] of scripts) {
      for (const { path } of everyCommand(shape)) if (path.length > 0) expect(script, `${shell} ${path.join(' ')}`).toContain(path.at(-1))
      for (const { path, name } of everyOption()) expect(script, `${shell} ${path} ${name}`).toMatch(new RegExp(shell === 'fish' ? `-[ls] ${name.replace(/^--?/, '')} ` : `[*' ]${name}[[' ]`))
      expect(script).toContain(exportFormats.join(' '))
      expect(script).toContain(mutantNames.join(' '))
      expect(script).toContain('processes simulator')
      expect(script).toContain('exit-status')
      expect(script).not.toContain('run-worker')
      expect(script).not.toMatch(/undefined|\[object/)
    }
  })

  test('offers for each option what that command takes, and files where files are meant', () => {
    const bash = completions.bash(shape)
    expect(bash).toContain("'value run --report') found='many words text json junit html' ;;")
    expect(bash).toContain("'value simulate --save') found='one folders' ;;")
    expect(bash).toContain("'value run --jobs') found='one free' ;;")
    expect(bash).toContain("'argument run') found='files yaml yml' ;;")
    expect(completions.zsh(shape)).toContain("'*:scenarios:_files -g \"*.(yaml|yml)\"'")
    expect(completions.zsh(shape)).toContain("'--on[where to run them; without it where each file says first (choices\\: \"processes\", \"simulator\")]:stage:(processes simulator)'")
    expect(completions.fish(shape)).toContain("-l on -d 'where to run them; without it where each file says first (choices: \"processes\", \"simulator\")' -x -a 'processes simulator'")
  })
})

describe('the manual page', () => {
  test('has every command, option, example and topic, in plain ASCII', () => {
    const page = manPage(shape, '1.2.3')
    const typed = (text: string): string => text.replaceAll('-', '\\-')
    expect(page).toMatch(/^[\n -~]*$/)
    for (const command of everyCommand(shape)) {
      if (command.path.length > 0) expect(page).toContain(`.SS "${typed(command.path.join(' '))}`)
      const from = command.path.length === 0 ? page.indexOf('.SH OPTIONS') : page.indexOf(`.SS "${typed(command.path.join(' '))}`)
      const part = page.slice(from, page.slice(from + 4).search(/^\.S[SH] /m) + from + 4)
      for (const { names, flags } of command.options) for (const name of names) expect(part, `${command.path.join(' ')} ${flags}`).toContain(typed(name))
    }
    for (const { name } of helpTopics) expect(page).toContain(`.SH "${typed(name).replaceAll('\\-', ' ').toUpperCase()}"`)
    for (const name of mutantNames) expect(page).toContain(typed(name))
  })

  test('makes no command of roff out of what is said', () => {
    const page = manPage({ ...shape, says: ".so /etc/passwd \\fB'x' é", commands: [] }, '1')
    expect(page).toContain('\\&.so /etc/passwd \\efB\\(aqx\\(aq \\[u00E9]')
  })
})

test('no page, message or job asks npx for a package that somebody else may own', () => {
  const root = resolve(import.meta.dirname, '../..')
  const files = ['README.md', 'package.json', ...['docs', '.ci', 'scripts', 'src', 'renderer', 'main', 'bin', 'scenarios', 'examples', 'e2e'].flatMap((folder) => (
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  ))].filter((path) => !/\.test\.ts$|\.png$/.test(path))
  // With --no, npx runs only an installed package.
  const asking = files.filter((path) => /npx (?!--no )(?:-\S+ )*understudy/.test(readFileSync(resolve(root, path), 'utf8')))
  expect(asking).toEqual([])
  expect(files.length).toBeGreaterThan(100)
})
