// What the programs that a person names in the window would run, and what is refused.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ProgramChoice } from '../../contract'
import type { HeaderNode } from '../../trace'
import { ChosenPrograms } from './chosen-programs'

let folder: string
let chosen: ChosenPrograms
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'chosen-'))
  mkdirSync(join(folder, 'mine'))
  writeFileSync(join(folder, 'mine', 'my node'), '')
  chosen = new ChosenPrograms({ mayRun: true, startedIn: folder })
})
afterEach(() => rmSync(folder, { recursive: true }))

const choice = (command: string, place = '', who = 's2'): ProgramChoice => ({ who, command, folder: place })
const nodes: readonly HeaderNode[] = [{ name: 'vs', kind: 'view-server' }, { name: 's1', kind: 'replica' }, { name: 's2', kind: 'replica' }, { name: 'c1', kind: 'client' }]

describe('what would run', () => {
  it('is told in full, with the folder that it runs in', () => {
    const told = (command: string, place?: string): string[] => chosen.check([choice(command, place)]).flatMap(({ runs, folder: where }) => [runs, where])
    expect(told('python3 "a b.py" --x=1')).toEqual(['python3 \'a b.py\' --x=1', folder])
    expect(told('./run it', 'mine')).toEqual([`${join(folder, 'mine', 'run')} it`, join(folder, 'mine')])
    expect(told('my node', 'mine')).toEqual([`'${join(folder, 'mine', 'my node')}'`, join(folder, 'mine')])
    expect(told('run', '~')).toEqual(['run', homedir()])
    expect(told('say "\u202egpj"')).toEqual(['say \'\\u202egpj\'', folder])
  })

  it('is what runs', () => {
    const { command, folder: where, speaksOurs } = chosen.of(nodes, [], [choice('./run it', 'mine')]).get('s2') ?? { command: [] }
    expect([command, where, speaksOurs]).toEqual([[join(folder, 'mine', 'run'), 'it'], join(folder, 'mine'), true])
  })

  it('is wrong in one field or in both, each with its sentence', () => {
    const problems = (command: string, place: string): string[] =>
      chosen.check([choice(command, place)]).flatMap(({ runs, commandProblem, folderProblem }) => [runs, commandProblem, folderProblem])
    expect(problems(' ', 'mine')).toEqual(['', 'The command is empty.', ''])
    expect(problems('a "b', 'no')).toEqual(['', 'The command "a \\"b" has a quote that does not end.', `The program cannot run in ${join(folder, 'no')}: there is no such folder.`])
    expect(problems('run', 'mine/my node')).toEqual(['', '', `${join(folder, 'mine', 'my node')} is no folder.`])
  })

  it('begins in the home folder where the lab was started in the root of the disk', () => {
    expect(new ChosenPrograms({ mayRun: true, startedIn: '/' }).folder).toBe(homedir())
  })
})

describe('the nodes that are programs', () => {
  it('are those of a kind, or one', () => {
    const found = chosen.of(nodes, [], [choice('one', '', 'replicas'), choice('other', '', 's2')])
    expect([...found].map(([name, { command }]) => [name, ...command])).toEqual([['s1', 'one'], ['s2', 'other']])
  })

  it.each([
    ['a node that is not there', [choice('run', '', 's9')], /^There is no node and no slot s9 here/],
    ['a node twice', [choice('run'), choice('walk')], 's2 has two programs; a node can be only one.'],
    ['an empty command', [choice('')], 'The program of s2: The command is empty.'],
  ])('%s is refused', (_what, choices, sentence) => {
    expect(() => chosen.of(nodes, [], choices)).toThrow(sentence)
  })

  it('a slot that nobody fills is refused', () => {
    const slots = [{ node: 's1', slot: 'student' }]
    expect(() => chosen.of(nodes, slots, [])).toThrow('s1 is the program "student" of this scenario: name its command and its folder.')
    expect([...chosen.of(nodes, slots, [choice('run', '', 'student')]).keys()]).toEqual(['s1'])
  })
})

it('a lab that serves others runs none, tells nothing of its folders, and starts clusters of its own nodes', () => {
  const shared = new ChosenPrograms({ mayRun: false, startedIn: folder })
  const sentence = 'This lab serves other people, so it runs no program that a window names. A lab on your own machine does.'
  expect(shared.problem).toBe(sentence)
  expect(() => shared.check([choice('run', '/etc')])).toThrow(sentence)
  expect(() => shared.of(nodes, [], [choice('run')])).toThrow(sentence)
  expect(() => shared.of(nodes, [{ node: 's1', slot: 'student' }], [])).toThrow(sentence)
  expect(shared.of(nodes, [], []).size).toBe(0)
})
