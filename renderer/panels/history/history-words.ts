// The texts about the history on the tab and in the panel. Pure.
import { linearizabilityText, shownValue, standingSentence, type HistoryStanding, type Linearizability } from '../../../src/check'
import type { Meaning } from '../../glyphs/names'
import { countText } from '../../words/figures'
import type { HistoryPart, LongestPart } from '../../replay/history-keeper'

export interface HistoryWords {
  readonly standing: Linearizability
  /** Null: a dash. A history that could not be judged must never be green. */
  readonly glyph: Meaning | null
  readonly title: string
  readonly sentence: string
  /** A sentence about the longest part, or about what is not shown; empty if there is none. */
  readonly more: string
}

const titles: Readonly<Record<Linearizability, string>> = {
  'linearizable': 'Linearizable', 'not-linearizable': 'Not linearizable', 'unknown': 'Not known', 'not-exercised': 'Not exercised', 'not-promised': 'Not promised in this mode',
}
const glyphs: Readonly<Record<Linearizability, Meaning | null>> = {
  'linearizable': 'ok', 'not-linearizable': 'bad', 'unknown': 'unknown', 'not-exercised': null, 'not-promised': null,
}

/** The standing to show: the live judgement, or, if that is unknown, the result of the search over the whole history. */
export function shownStanding(live: HistoryStanding | null, part: HistoryPart | null): HistoryStanding | null {
  return live?.verdict === 'unknown' && part !== null && part.standing.verdict !== 'unknown' ? part.standing : live
}

/** `part`: the last result for the view; `standing` may be newer. */
export function historyWords(standing: HistoryStanding, part: HistoryPart | null): HistoryWords {
  const { standing: name, errors } = standing
  const told = name === 'not-linearizable' && errors[0] ? errorSentence(standing) : standingSentence(standing)
  return { standing: name, glyph: glyphs[name], title: titles[name], sentence: told, more: moreWords(errors.length > 0, part) }
}

function errorSentence({ errors: [first, ...others] }: HistoryStanding): string {
  if (first === undefined) return ''
  const more = others.length === 0 ? '' : ` ${countText(others.length)} other ${others.length === 1 ? 'key is' : 'keys are'} wrong too.`
  return `Key ${shownValue(first.key)}: ${first.why}${more}`
}

function moreWords(hasError: boolean, part: HistoryPart | null): string {
  if (part?.hasMore) return 'Points are shown where fewer operations are in view: zoom in.'
  return hasError && part?.longest ? longestWords(part.longest) : ''
}

/** "Longest part in order, 2 operations: c1 put a 1, c1 put a 2. c2 get a → 1 has no place behind it." */
export function longestWords({ count, last, unplaced }: LongestPart): string {
  if (count === 0) return `Nothing can come before ${unplaced}.`
  const shown = last.length === count ? last.join(', ') : `\u2026 ${last.join(', ')}`
  return `Longest part in order, ${countText(count)} ${count === 1 ? 'operation' : 'operations'}: ${shown}. ${unplaced} has no place behind it.`
}

/** The text on the tab; empty without errors. */
export function tabCount(standing: HistoryStanding | null): string {
  if (standing?.standing !== 'not-linearizable') return ''
  return standing.errors.length === 1 ? '1 error' : `${standing.errors.length} errors`
}

export const historyRule = linearizabilityText.says
