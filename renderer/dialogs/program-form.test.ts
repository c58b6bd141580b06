import { describe, expect, it } from 'vitest'
import type { ProgramChoice } from '../../src/contract'
import { knownCommands, nodesOf, offeredRow, programsProblem, whoChoices, whoProblem } from './program-form'

const size = { replicas: 3, clients: 1 }
const row = (who: string, command = 'run', folder = ''): ProgramChoice => ({ who, command, folder })
const right = { runs: 'run', folder: '/', commandProblem: '', folderProblem: '' }

describe('whom a program stands for', () => {
  it('is all nodes of a kind, or one node', () => {
    expect(whoChoices(size).map(({ who }) => who)).toEqual(['replicas', 'clients', 'vs', 's1', 's2', 's3', 'c1'])
  })

  it('is no node while the counts are no numbers', () => {
    expect(whoChoices({ replicas: NaN, clients: 1.5 }).map(({ who }) => who)).toEqual(['replicas', 'clients', 'vs'])
  })

  it('leaves out the nodes of a kind that have a program of their own', () => {
    const rows = [row('replicas'), row('s2')]
    expect([nodesOf(rows, 0, size), nodesOf(rows, 1, size)]).toEqual([['s1', 's3'], ['s2']])
  })

  it('must be there, once, and somebody', () => {
    expect(whoProblem([row('s4')], 0, size)).toBe('There is no s4 in this cluster.')
    expect([0, 1].map((index) => whoProblem([row('s2'), row('s2')], index, size))).toEqual(['', 's2: a program was named above.'])
    expect(whoProblem([row('replicas'), row('replicas')], 1, size)).toBe('all replicas: a program was named above.')
    expect(whoProblem([row('clients'), row('c1')], 0, size)).toBe('Each of them has a program of its own.')
  })
})

describe('a new row', () => {
  it('is the last program that ran and is not here', () => {
    const last = [row('student', 'a'), row('s2', 'b'), row('s1', 'c', '/x')]
    expect(offeredRow([], size, last)).toEqual(row('s2', 'b'))
    expect(offeredRow([row('s2')], size, last)).toEqual(row('s1', 'c', '/x'))
  })

  it('is empty where nothing ran', () => {
    expect(offeredRow([], size, [])).toEqual(row('s2', ''))
    expect(offeredRow([row('s2')], size, [])).toEqual(row('replicas', ''))
  })
})

it('a known command comes with the folder of its last run', () => {
  expect([...knownCommands([row('s1', 'a', '/new'), row('s2', 'b'), row('s1', 'a', '/old')])]).toEqual([['a', '/new'], ['b', '']])
})

it('the first problem is that of whom, then the lab\'s, and nothing starts before the lab has looked', () => {
  expect(programsProblem([row('s2')], size, [right])).toBe('')
  expect(programsProblem([row('s9')], size, [right])).toBe('There is no s9 in this cluster.')
  expect(programsProblem([row('s2')], size, [{ ...right, folderProblem: 'No such folder.' }])).toBe('No such folder.')
  expect(programsProblem([row('s2')], size, [])).toBe('The lab has not checked the commands yet.')
})
