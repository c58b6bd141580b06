import { expect, it } from 'vitest'
import { inOrder, onlyTold } from './violations'

it('shows a violation once that was found and told, and one that only the trace tells', () => {
  const violations = [{ rule: 'rule-1', seq: 40 }, { rule: 'rule-1', seq: 60 }, { rule: 'rule-5', seq: 90 }]
  const told = [{ rule: 'rule-1', seq: 43 }, { rule: 'rule-5', seq: 80 }, { rule: 'of-another-tool', seq: 85 }]
  // The trace reports rule 5 before the monitors found it broken, so that is another violation.
  expect(onlyTold(told, violations)).toEqual([{ rule: 'rule-5', seq: 80 }, { rule: 'of-another-tool', seq: 85 }])
})

it('travels through found and told violations, and other failures, in order', () => {
  expect(inOrder([5, 90], [40, 5, 60])).toEqual([5, 40, 60, 90])
})
