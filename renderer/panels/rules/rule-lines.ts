// How a rule stands, as a line of the panel. Pure. A rule that could not be judged must never be green.
import {
  ruleTexts, wholeVerdict, wholeVerdictText, type Violation, type HistoryStanding, type RuleName, type RuleStanding, type RuleState, type WholeVerdict,
} from '../../../src/check'
import type { Meaning } from '../../glyphs/names'
import { countText } from '../../words/figures'

export interface RuleLine {
  readonly name: RuleName
  /** The number of one of the six rules; '' for another check. */
  readonly number: string
  /** The number of the rule on UW's slides. */
  readonly uw: number
  readonly says: string
  readonly standing: RuleStanding
  /** Null: a dash. */
  readonly glyph: Meaning | null
  readonly count: string
  /** The first violation; null while the rule holds. */
  readonly first: Violation | null
  /** The events that prove the violation, as text. */
  readonly evidence: string
}

/** True for the six rules of the protocol, false for another check. */
export function isNumbered(rule: RuleName): boolean {
  return /^rule-\d$/.test(rule)
}

const glyphs: Readonly<Record<RuleStanding, Meaning | null>> = { 'held': 'ok', 'broken': 'bad', 'not-exercised': null, 'not-promised': null, 'not-judged': 'unknown' }

/** `state` undefined: nothing has been judged yet. */
export function ruleLine(rule: RuleName, state: RuleState | undefined): RuleLine {
  const { says, uw } = ruleTexts[rule]
  const { standing, held, broken, first, why } = state ?? { standing: 'not-exercised', held: 0, broken: 0, first: null, why: '' } as const
  return {
    name: rule, number: isNumbered(rule) ? rule.slice(-1) : '', uw, says, standing, glyph: glyphs[standing], count: countOf(standing, held, broken, why),
    first: standing === 'held' ? null : first, evidence: first === null ? '' : first.evidence.map((seq) => `#${countText(seq)}`).join(', '),
  }
}

function countOf(standing: RuleStanding, held: number, broken: number, why: string): string {
  switch (standing) {
    case 'held': return `held ${countText(held)} ×`
    case 'broken': return broken === 1 ? 'broken once' : `broken ${countText(broken)} ×`
    case 'not-exercised': return 'not exercised'
    case 'not-judged': return `not judged, because ${why}`
    case 'not-promised': return broken === 0 ? 'not promised in this mode' : `not promised in this mode; broken ${countText(broken)} ×`
  }
}

export interface VerdictLine {
  readonly verdict: WholeVerdict
  /** Null: no rule has been exercised yet. */
  readonly glyph: Meaning | null
  readonly text: string
}

/** The verdict on all rules and on the history that clients saw; null before anything was judged. */
export function verdictLine(rules: readonly RuleState[], history: HistoryStanding | null): VerdictLine | null {
  if (rules.length === 0) return null
  const seen = history ?? { standing: 'not-exercised' }
  const verdict = wholeVerdict(rules, seen)
  const hasHeld = rules.some(({ standing }) => standing === 'held')
  const text = wholeVerdictText(rules, seen)
  return { verdict, glyph: verdict === 'broken' ? 'bad' : verdict === 'unknown' ? 'unknown' : hasHeld ? 'ok' : null, text: `${text.charAt(0).toUpperCase()}${text.slice(1)}.` }
}
