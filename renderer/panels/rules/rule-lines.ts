// How a rule stands, as a line of the panel. Pure. What could not be judged is never green.
import { ruleTexts, type Breach, type RuleName, type RuleStanding, type RuleState } from '../../../src/check'
import type { Meaning } from '../../glyphs/names'
import { countText } from '../../shell/bar'

export interface RuleLine {
  readonly name: RuleName
  /** Of the six; '' for what is watched besides. */
  readonly number: string
  /** On UW's slides. */
  readonly uw: number
  readonly says: string
  readonly standing: RuleStanding
  /** Null: a dash. */
  readonly glyph: Meaning | null
  readonly count: string
  /** The first breach; null while it holds. */
  readonly first: Breach | null
  /** The events that prove it, as text. */
  readonly evidence: string
}

/** One of the six rules of the protocol. */
export function isNumbered(rule: RuleName): boolean {
  return /^rule-\d$/.test(rule)
}

const glyphs: Readonly<Record<RuleStanding, Meaning | null>> = { 'held': 'ok', 'broken': 'bad', 'not-exercised': null, 'not-promised': null }

/** `state` undefined: nothing was judged yet. */
export function ruleLine(rule: RuleName, state: RuleState | undefined): RuleLine {
  const { says, uw } = ruleTexts[rule]
  const { standing, held, broken, first } = state ?? { standing: 'not-exercised', held: 0, broken: 0, first: null } as const
  return {
    name: rule, number: isNumbered(rule) ? rule.slice(-1) : '', uw, says, standing, glyph: glyphs[standing], count: countOf(standing, held, broken),
    first: standing === 'held' ? null : first, evidence: first === null ? '' : first.evidence.map((seq) => `#${countText(seq)}`).join(', '),
  }
}

function countOf(standing: RuleStanding, held: number, broken: number): string {
  switch (standing) {
    case 'held': return `held ${countText(held)} ×`
    case 'broken': return broken === 1 ? 'broken once' : `broken ${countText(broken)} ×`
    case 'not-exercised': return 'not exercised'
    case 'not-promised': return broken === 0 ? 'not promised in this mode' : `not promised in this mode; broken ${countText(broken)} ×`
  }
}
