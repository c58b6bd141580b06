import { describe, expect, test } from 'vitest'
import type { Goal } from './bench'
import { judgeGoal } from './goals'
import { rounded, spreadOf } from './spread'

const atLeast: Goal = { name: 'ours / theirs', better: 'higher', needed: 0.75, aim: 1 }
const atMost: Goal = { name: 'p99 / p50', better: 'lower', needed: 5, aim: 3 }
const quiet = (...values: number[]) => values.map((value) => ({ value, foreignCores: 0.02 }))
const disturbed = (...values: number[]) => values.map((value) => ({ value, foreignCores: 0.25 }))

describe('a spread', () => {
  test('has the middle value of an odd count, the mean of the middle two of an even one, and nothing of nothing', () => {
    expect(spreadOf([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 })
    expect(spreadOf([4, 1, 2, 3])).toEqual({ median: 2.5, min: 1, max: 4 })
    expect(spreadOf([])).toBeNull()
  })

  test('keeps three significant digits, and large numbers whole', () => {
    expect([0.98765, 12.345, 999.4, 118_234.56, 0].map(rounded)).toEqual([0.988, 12.3, 999, 118_235, 0])
  })
})

describe('a goal', () => {
  test('is met by its median: the aim, what is needed, or neither', () => {
    expect(judgeGoal(atLeast, quiet(0.2, 1, 1.3))).toMatchObject({ median: 1, min: 0.2, max: 1.3, rounds: 3, quietRounds: 3, met: 'aim' })
    expect(judgeGoal(atLeast, quiet(0.75, 0.75, 2)).met).toBe('needed')
    expect(judgeGoal(atLeast, quiet(0.74)).met).toBe('missed')
  })

  test('is met from above where lower is better', () => {
    expect([3, 5, 5.1].map((value) => judgeGoal(atMost, quiet(value)).met)).toEqual(['aim', 'needed', 'missed'])
  })

  test('is judged by its median before that is rounded', () => {
    expect(judgeGoal(atLeast, quiet(0.9999))).toMatchObject({ median: 1, met: 'needed' })
  })

  test('leaves disturbed rounds out while half of the rounds are quiet, and says which rounds it is of', () => {
    expect(judgeGoal(atLeast, [...quiet(1, 1.1), ...disturbed(0.1, 0.2)])).toMatchObject({ median: 1.05, min: 1, rounds: 4, quietRounds: 2, of: 'quiet rounds', met: 'aim' })
    expect(judgeGoal(atLeast, [...quiet(1), ...disturbed(0.1, 0.2)])).toMatchObject({ median: 0.2, max: 1, rounds: 3, quietRounds: 1, of: 'all rounds', met: 'missed' })
  })

  test('is absent without a value, and only told without a mark', () => {
    expect(judgeGoal(atLeast, [])).toMatchObject({ median: null, rounds: 0, met: 'absent' })
    expect(judgeGoal({ ...atLeast, needed: null, aim: null }, quiet(2)).met).toBe('told')
  })
})
