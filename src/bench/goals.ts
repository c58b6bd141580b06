// Judges a goal by its values of all rounds. Disturbed rounds are left out if enough quiet ones remain.
import type { Goal } from './bench'
import { rounded, spreadOf, type Spread } from './spread'

/** A round with this many cores of foreign work or more is not quiet. */
export const foreignCoresMax = 0.25

export interface GoalValue {
  readonly value: number
  readonly foreignCores: number
}

/** `told`: a number without a goal; `absent`: no value, because a peer or a tool is missing here. */
export type Met = 'aim' | 'needed' | 'missed' | 'told' | 'absent'

export interface GoalSummary {
  readonly goal: string
  readonly unit: string
  readonly median: number | null
  readonly min: number | null
  readonly max: number | null
  readonly rounds: number
  readonly quietRounds: number
  /** The rounds that the median and the spread are computed from. */
  readonly of: 'quiet rounds' | 'all rounds'
  readonly better: Goal['better']
  readonly needed: number | null
  readonly aim: number | null
  readonly met: Met
}

export function judgeGoal(goal: Goal, values: readonly GoalValue[]): GoalSummary {
  const quiet = values.filter(isQuiet)
  // The worst round counts even if it was disturbed.
  const used = goal.judgedBy !== 'worst' && isEnough(quiet.length, values.length) ? quiet : values
  const spread = spreadOf(used.map(({ value }) => value))
  const of = used.length === quiet.length ? 'quiet rounds' : 'all rounds'
  const about = { goal: goal.name, unit: goal.unit ?? 'ratio', rounds: values.length, quietRounds: quiet.length, of, better: goal.better, needed: goal.needed, aim: goal.aim } as const
  if (!spread) return { ...about, median: null, min: null, max: null, met: 'absent' }
  return { ...about, median: rounded(spread.median), min: rounded(spread.min), max: rounded(spread.max), met: metBy(goal, judgedValue(goal, spread)) }
}

export function isQuiet({ foreignCores = 0 }: { readonly foreignCores?: number }): boolean {
  return foreignCores < foreignCoresMax
}

/** True if at least half of the rounds are quiet: a median of fewer says less than a disturbed one. */
export function isEnough(quiet: number, rounds: number): boolean {
  return quiet > 0 && quiet * 2 >= rounds
}

function judgedValue({ judgedBy, better }: Goal, { median, min, max }: Spread): number {
  if (judgedBy !== 'worst') return median
  return better === 'higher' ? min : max
}

function metBy({ better, needed, aim }: Goal, value: number): Met {
  const reaches = (mark: number): boolean => better === 'higher' ? value >= mark : value <= mark
  if (aim !== null && reaches(aim)) return 'aim'
  if (needed === null) return 'told'
  return reaches(needed) ? 'needed' : 'missed'
}
