// The parts of a program's test that need no process: topologies, the faults of a seed, and commands as people write them.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { lineOfCommand, wordsOfCommand } from '../programs/command-line'
import { nemesisNames, nemesisPlan } from './nemesis'
import { topologyNames, topologyOf } from './topology'

describe('topologies', () => {
  const nodes = ['n0', 'n1', 'n2', 'n3', 'n4']

  it.each([
    ['line', { n0: ['n1'], n1: ['n0', 'n2'], n2: ['n1', 'n3'], n3: ['n2', 'n4'], n4: ['n3'] }],
    ['grid', { n0: ['n1', 'n3'], n1: ['n0', 'n2', 'n4'], n2: ['n1'], n3: ['n0', 'n4'], n4: ['n1', 'n3'] }],
    ['tree2', { n0: ['n1', 'n2'], n1: ['n0', 'n3', 'n4'], n2: ['n0'], n3: ['n1'], n4: ['n1'] }],
  ] as const)('%s', (name, neighbours) => {
    expect(topologyOf(name, nodes)).toEqual(neighbours)
  })

  it('reach every node, go both ways, and name nobody as its own neighbour', () => {
    fc.assert(fc.property(fc.constantFrom(...topologyNames), fc.integer({ min: 1, max: 25 }), (name, count) => {
      const topology = topologyOf(name, Array.from({ length: count }, (_, index) => `n${index}`)) as Readonly<Record<string, string[]>>
      const reached = new Set(['n0'])
      for (const node of reached) for (const neighbour of topology[node] ?? []) reached.add(neighbour)
      expect(reached.size).toBe(count)
      for (const [node, neighbours] of Object.entries(topology)) {
        for (const neighbour of neighbours) expect([neighbour !== node, topology[neighbour]?.includes(node)]).toEqual([true, true])
      }
    }))
  })
})

describe('the nemesis', () => {
  const nodes = ['n0', 'n1', 'n2', 'n3']
  const options = { kinds: nemesisNames, nodes, intervalMs: 1000, durationMs: 9500 }

  it('is the same for the same seed, and another for another', () => {
    expect(nemesisPlan({ ...options, seed: 'a' })).toEqual(nemesisPlan({ ...options, seed: 'a' }))
    expect(nemesisPlan({ ...options, seed: 'a' })).not.toEqual(nemesisPlan({ ...options, seed: 'b' }))
  })

  it('ends everything that it begins, within the time', () => {
    const open = new Set<string>()
    for (const { atMs, act } of nemesisPlan({ ...options, seed: 'a' })) {
      expect(atMs).toBeLessThanOrEqual(9500)
      if (act.type === 'add-fault') open.add(act.fault.name)
      else if (act.type === 'remove-fault') expect(open.delete(act.fault)).toBe(true)
      else if (act.type === 'kill' || act.type === 'pause') open.add(`${act.type} ${act.node}`)
      else if (act.type === 'restart') expect(open.delete(`kill ${act.node}`)).toBe(true)
      else if (act.type === 'resume') expect(open.delete(`pause ${act.node}`)).toBe(true)
    }
    expect(open.size).toBe(0)
  })

  it('cuts every node off from some other in a partition', () => {
    for (const { act } of nemesisPlan({ ...options, kinds: ['partition'], seed: 'a' })) {
      if (act.type !== 'add-fault' || act.fault.effect.type !== 'partition') continue
      const { groups } = act.fault.effect
      expect([groups.length, groups.every((group) => group.length > 0), [...groups.flat()].sort()]).toEqual([2, true, nodes])
    }
  })
})

describe('a command', () => {
  it.each([
    ['./node', ['./node']], ['python3 node.py  --verbose', ['python3', 'node.py', '--verbose']], ['\'my node\' "a \\"b\\"" c\\ d', ['my node', 'a "b"', 'c d']], ['run ""', ['run', '']],
    ['sh -c \'echo $HOME; rm *\'', ['sh', '-c', 'echo $HOME; rm *']],
  ])('%s', (text, words) => {
    expect(wordsOfCommand(text)).toEqual(words)
  })

  it('that does not end, or is none, has one sentence', () => {
    expect(() => wordsOfCommand('a "b')).toThrow('The command "a \\"b" has a quote that does not end.')
    expect(() => wordsOfCommand('  ')).toThrow('The command is empty.')
  })

  it('is read again as the words that it was made of', () => {
    fc.assert(fc.property(fc.array(fc.string(), { minLength: 1 }).filter(([first]) => first !== ''), (words) => {
      expect(wordsOfCommand(lineOfCommand(words))).toEqual(words)
    }))
  })
})
