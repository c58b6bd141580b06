// A goal judged by its values of all rounds. Rounds in which others used the machine are left out where enough quiet ones remain.
import type { Goal } from './bench'
import { rounded, spreadOf } from './spread'

/** From this many cores of foreign work on a round is not quiet. */
export const foreignCoresMax = 0.25

export interface GoalValue {
  readonly value: number
  readonly foreignCores: number
}

/** `told`: a number without a goal; `absent`: there is no value, because a peer or a tool is not here. */
export type Met = 'aim' | 'needed' | 'missed' | 'told' | 'absent'

export interface GoalSummary {
  readonly goal: string
  readonly unit: string
  readonly median: number | null
  readonly min: number | null
  readonly max: number | null
  readonly rounds: number
  readonly quietRounds: number
  /** Which rounds the median and the spread are of. */
  readonly of: 'quiet rounds' | 'all rounds'
  readonly better: Goal['better']
  readonly needed: number | null
  readonly aim: number | null
  readonly met: Met
}

export function judgeGoal(goal: Goal, values: readonly GoalValue[]): GoalSummary {
  const quiet = values.filter(isQuiet)
  const used = isEnough(quiet.length, values.length) ? quiet : values
  const spread = spreadOf(used.map(({ value }) => value))
  const of = used === quiet ? 'quiet rounds' : 'all rounds'
  const about = { goal: goal.name, unit: goal.unit ?? 'ratio', rounds: values.length, quietRounds: quiet.length, of, better: goal.better, needed: goal.needed, aim: goal.aim } as const
  if (!spread) return { ...about, median: null, min: null, max: null, met: 'absent' }
  return { ...about, median: rounded(spread.median), min: rounded(spread.min), max: rounded(spread.max), met: metBy(goal, spread.median) }
}

export function isQuiet({ foreignCores = 0 }: { readonly foreignCores?: number }): boolean {
  return foreignCores < foreignCoresMax
}

/** Half of the rounds are enough: a median of fewer would say less than a disturbed one. */
export function isEnough(quiet: number, rounds: number): boolean {
  return quiet > 0 && quiet * 2 >= rounds
}

function metBy({ better, needed, aim }: Goal, value: number): Met {
  const reaches = (mark: number): boolean => better === 'higher' ? value >= mark : value <= mark
  if (aim !== null && reaches(aim)) return 'aim'
  if (needed === null) return 'told'
  return reaches(needed) ? 'needed' : 'missed'
}
