// The events in view as text for screen readers: a row for each lane, a cell for each event. The number of cells is bounded, and
// `hasMore` says if some are missing. Pure.
import type { EventOf, TraceEvent } from '../../../src/trace'
import { eventLine } from '../../../src/trace'
import type { DiagramModel } from './model/model'
import { eventBit, noLane } from './model/event-index'

/** Most cells of a lane, and most events that are searched for them. */
export const cellsMax = 24
const lookMax = 20_000

export interface LaneCells {
  readonly lane: number
  readonly name: string
  /** In order of time. */
  readonly seqs: readonly number[]
  /** More events are in view than have a cell. */
  readonly hasMore: boolean
}

/** The drawn events in view, by lane: the last ones up to `until`. */
export function laneCells(model: DiagramModel, first: number, until: number, isFolded: boolean): LaneCells[] {
  const found: number[][] = model.lanes.map(() => [])
  const hasMore = model.lanes.map(() => false)
  const begin = Math.max(first, model.base + 1, until - lookMax)
  let full = 0
  for (let seq = Math.min(until, model.latest); seq >= begin && full < model.lanes.length; seq--) {
    const lane = shownOn(model, seq, isFolded)
    const seqs = found[lane]
    if (!seqs || hasMore[lane]) continue
    if (seqs.length < cellsMax) seqs.push(seq)
    else {
      hasMore[lane] = true
      full++
    }
  }
  const isCut = begin > Math.max(first, model.base + 1)
  return model.lanes.map(({ name }, lane) => ({ lane, name, seqs: found[lane]?.toReversed() ?? [], hasMore: hasMore[lane] === true || isCut }))
}

/** The lane whose row contains an event; -1 for none. An event of the network about a message is in the row of the sender. */
function shownOn(model: DiagramModel, seq: number, isFolded: boolean): number {
  const { index } = model
  if (!index.has(seq, eventBit.drawn) || (isFolded && index.has(seq, eventBit.heartbeat))) return -1
  const lane = index.lane(seq)
  if (lane !== noLane) return lane
  const row = index.arrow(seq)
  return row < 0 ? 0 : model.arrowsOf(seq).from[row] ?? 0
}

/** "11.699 s: forward lost, s1 to s2, seq 58 put a 1: s2 is dead". */
export function cellWords(event: TraceEvent, sent: EventOf<'message-sent'> | undefined): string {
  const { kind, text } = eventLine(event, () => sent)
  const time = `${(event.at / 1_000_000).toFixed(3)} s`
  return `${time}: ${kind}${text === '' ? '' : `, ${sent && event.type !== 'message-sent' ? `${sent.from} to ${sent.to}, ` : ''}${text}`}`
}
