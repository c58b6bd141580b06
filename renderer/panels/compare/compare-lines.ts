// A row of a comparison in words: both events, and the part of each that the other does not have. Pure.
import { eventLine, type EventOf, type TraceEvent } from '../../../src/trace'
import { countText } from '../../words/figures'
import { differingPart, type ShownRow } from './compare-rows'

/** Gives the events of one recording; undefined for an event that is not in memory. */
export interface LineSource {
  eventAt(seq: number): TraceEvent | undefined
  sentOf(seq: number): EventOf<'message-sent'> | undefined
}

export interface Half {
  readonly seq: string
  readonly time: string
  readonly node: string
  /** In three parts; the middle part is the one that the other event does not have. */
  readonly text: readonly [string, string, string]
}

export interface Line {
  readonly key: string
  readonly state: 'alike' | 'differs' | 'only-first' | 'only-second' | 'fold'
  /** A sign, with its meaning in `word`, so that colour is never the only sign. */
  readonly mark: string
  readonly word: string
  readonly first: Half | null
  readonly second: Half | null
  /** The text of a fold; '' for other rows. */
  readonly folded: string
  /** seq of the session's event; 0 without one. */
  readonly seq: number
}

const signs = { 'alike': ['=', 'alike'], 'differs': ['≠', 'differs'], 'only-first': ['◂', 'only in the session'], 'only-second': ['▸', 'only in the other'] } as const

export function compareLine(shown: ShownRow, session: LineSource, other: LineSource): Line {
  if (shown.type === 'fold') {
    return { key: `fold ${shown.row}`, state: 'fold', mark: '', word: '', first: null, second: null, folded: `${countText(shown.count)} alike`, seq: 0 }
  }
  const [mark, word] = signs[shown.state]
  const [one, another] = [wordsOf(shown.first, session), wordsOf(shown.second, other)]
  const first = one && halfOf(shown.first, one, shown.state === 'differs' ? another : null)
  const second = another && halfOf(shown.second, another, shown.state === 'differs' ? one : null)
  return { key: `${shown.row}`, state: shown.state, mark, word, first, second, folded: '', seq: shown.first }
}

interface Words {
  readonly time: string
  readonly node: string
  readonly text: string
}

/** Null for no event; an event that is not in memory yet shows as "…". */
function wordsOf(seq: number, source: LineSource): Words | null {
  if (seq === 0) return null
  const event = source.eventAt(seq)
  if (event === undefined) return { time: '', node: '', text: '…' }
  const { process, kind, text } = eventLine(event, () => source.sentOf(seq))
  return { time: (event.at / 1_000_000).toFixed(3), node: process, text: `${kind} ${text}`.trimEnd() }
}

function halfOf(seq: number, { time, node, text }: Words, other: Words | null): Half {
  return { seq: countText(seq), time, node, text: other === null ? [text, '', ''] : differingPart(text, other.text) }
}
