// Which recordings and incarnations can be replayed.
import { expect, test } from 'vitest'
import { whyNoSteps } from './steps'

test.each(['live', 'simulated', 'explored'] as const)('a %s recording has the steps of its lives, and none of a node that others tell of', (source) => {
  expect(whyNoSteps({ source })).toBe('')
  expect(whyNoSteps({ source }, { node: 's1', incarnation: 1 })).toBe('')
  expect(whyNoSteps({ source }, { node: 'c9', incarnation: 0 })).toBe('Nobody recorded the steps of c9')
})

test('an imported history has none, whatever life it is asked for', () => {
  expect(whyNoSteps({ source: 'imported' })).toBe('A history of another tool has operations and no processes')
  expect(whyNoSteps({ source: 'imported' }, { node: 'c1', incarnation: 1 })).toBe(whyNoSteps({ source: 'imported' }))
})
