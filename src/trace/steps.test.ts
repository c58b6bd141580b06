// Which recordings and incarnations can be replayed.
import { expect, test } from 'vitest'
import { whyNoMoment, whyNoSteps } from './steps'

const nodes = [{ name: 's1', kind: 'replica' }, { name: 'c1', kind: 'client' }, { name: 'c9', kind: 'client' }] as const
const programs = nodes.map((node) => ({ ...node, program: './node' }))

test.each(['live', 'simulated', 'explored'] as const)('a %s recording has the steps of its lives, and none of a node that others tell of', (source) => {
  expect(whyNoSteps({ source, nodes })).toBe('')
  expect(whyNoSteps({ source, nodes }, { node: 's1', incarnation: 1 })).toBe('')
  expect(whyNoSteps({ source, nodes }, { node: 'c9', incarnation: 0 })).toBe('Nobody recorded the steps of c9')
})

test('an imported history has none, whatever life it is asked for', () => {
  expect(whyNoSteps({ source: 'imported', nodes })).toBe('A history of another tool has operations and no processes')
  expect(whyNoSteps({ source: 'imported', nodes }, { node: 'c1', incarnation: 1 })).toBe(whyNoSteps({ source: 'imported', nodes }))
})

test('a program has none, and neither has a recording of nothing but programs', () => {
  const [s1, ...others] = programs
  const mixed = { source: 'live', nodes: [s1 ?? nodes[0], ...others.slice(2), nodes[1]] } as const
  expect(whyNoSteps(mixed)).toBe('')
  expect(whyNoSteps(mixed, { node: 's1', incarnation: 1 })).toBe('s1 is a program, and opening a recording starts none')
  expect(whyNoSteps(mixed, { node: 'c1', incarnation: 1 })).toBe('')
  expect(whyNoSteps({ source: 'live', nodes: programs })).toBe('Every node here is a program, and opening a recording starts none')
})

test('nothing goes on from a recording with a program: its memory is its own', () => {
  expect(whyNoMoment({ source: 'live', nodes })).toBe('')
  expect(whyNoMoment({ source: 'live', nodes: [nodes[1], { ...nodes[0], program: './node' }] })).toBe('s1 is a program, and nobody recorded what it remembers')
  expect(whyNoMoment({ source: 'imported', nodes })).toBe(whyNoSteps({ source: 'imported', nodes }))
})
