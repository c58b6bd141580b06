// The verdict on a whole run, shown first: the rules and what its clients saw together. It must never sound better than its worst part.
import { linearizabilityText } from './linearizability/standing-words'
import type { HistoryStanding, Linearizability } from './linearizability/live-history'
import { ruleTexts, type RuleState } from './rules/violation'

/** `unknown`: nothing is known to be broken, but something could not be judged. */
export type WholeVerdict = 'broken' | 'unknown' | 'kept'

/** `rules` is empty for an imported history, in which no rule can be judged. */
export function wholeVerdict(rules: readonly Pick<RuleState, 'standing'>[], { standing }: Pick<HistoryStanding, 'standing'>): WholeVerdict {
  if (standing === 'not-linearizable' || rules.some((rule) => rule.standing === 'broken')) return 'broken'
  return standing === 'unknown' || rules.some((rule) => rule.standing === 'not-judged') ? 'unknown' : 'kept'
}

/** Without a full stop: the caller appends how much was judged. */
export function wholeVerdictText(rules: readonly Pick<RuleState, 'rule' | 'standing'>[], history: Pick<HistoryStanding, 'standing'>): string {
  const titles = (standing: RuleState['standing']): string[] => rules.filter((rule) => rule.standing === standing).map(({ rule }) => ruleTexts[rule].title)
  const broken = [...titles('broken'), ...history.standing === 'not-linearizable' ? [linearizabilityText.title] : []]
  const notJudged = titles('not-judged')
  const parts = [
    broken.length > 0 ? `${broken.join(', ')} broken` : rules.length === 0 ? imported[history.standing] : `no rule was broken${historyWords[history.standing]}`,
    ...rules.length === 0 ? ['an imported history tells nothing of views and messages, so no rule can be judged'] : [],
    ...notJudged.length === 0 ? [] : [`not judged: ${notJudged.join(', ')}`],
  ]
  return parts.join('; ')
}

const imported: Readonly<Record<Linearizability, string>> = {
  'linearizable': 'what the clients saw is linearizable',
  'not-linearizable': '',
  'unknown': 'whether what the clients saw is linearizable is not known',
  'not-exercised': 'no operation returned, so nothing can be judged',
  'not-promised': 'linearizability is not promised in this mode',
}

/** Follows "no rule was broken". */
const historyWords: Readonly<Record<Linearizability, string>> = {
  'linearizable': ', and what the clients saw is linearizable',
  'not-linearizable': '',
  'unknown': '; whether what the clients saw is linearizable is not known',
  'not-exercised': '; no operation returned, so what clients saw cannot be judged',
  'not-promised': '; linearizability is not promised in this mode',
}
