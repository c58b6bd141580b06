// The rows of the log: which events are shown, and what is folded between them. Rows are added in slices, so that a million events never
// block the window; another filter starts again at the first event. Pure.
import { eventLine, type EventLine, type EventOf, type EventType, type TraceEvent } from '../../../src/trace'
import type { Wanted } from '../../search/hits'
import { isDetail } from '../../search/match'

export const kindGroups = ['all', 'messages', 'operations', 'views', 'processes'] as const
export type KindGroup = (typeof kindGroups)[number]

export interface LogFilter {
  /** Processes whose rows are hidden. */
  readonly hidden: ReadonlySet<string>
  readonly group: KindGroup
  /** The search; null without one. The search itself decides which heartbeats and details it includes. */
  readonly search: Wanted | null
  /** Folds all heartbeats between two other rows into one row. */
  readonly foldHeartbeats: boolean
  /** Shows events of little interest: hand-overs, timers and the like. */
  readonly showDetails: boolean
}

/** The folded heartbeats between two rows. */
export interface Fold {
  readonly firstSeq: number
  lastSeq: number
  pings: number
  answers: number
}

export type LogRow = { readonly type: 'event'; readonly seq: number } | { readonly type: 'fold'; readonly fold: Fold }

export interface LogSource {
  eventAt(seq: number): TraceEvent | undefined
  /** The type of an event, without parsing the event. */
  typeAt(seq: number): EventType | undefined
  sentOf(seq: number): EventOf<'message-sent'> | undefined
  isHeartbeat(seq: number): boolean
}

export class LogRows {
  readonly filter: LogFilter
  readonly #source: LogSource
  /** A positive number is a seq; a negative one is a fold, `-1 - index` in `#folds`. */
  #rows: number[] = []
  #folds: Fold[] = []
  #taken: number
  /** Number of details that were left out. */
  hiddenDetails = 0

  /** `first`: the first event to examine. */
  constructor(source: LogSource, filter: LogFilter, first = 1) {
    this.#source = source
    this.filter = filter
    this.#taken = first - 1
  }

  get length(): number {
    return this.#rows.length
  }

  /** The last examined event. */
  get taken(): number {
    return this.#taken
  }

  row(index: number): LogRow | undefined {
    const row = this.#rows[index]
    if (row === undefined) return undefined
    return row > 0 ? { type: 'event', seq: row } : { type: 'fold', fold: this.#folds[-row - 1] as Fold }
  }

  /** The row of an event, or the last row before it; -1 if there is none. */
  rowOf(seq: number): number {
    let low = 0
    let high = this.#rows.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#firstSeq(middle) <= seq) low = middle + 1
      else high = middle
    }
    return low - 1
  }

  /** Examines up to `count` more events; returns whether any are left up to `latest`. */
  advance(latest: number, count: number): boolean {
    const end = Math.min(latest, this.#taken + count)
    while (this.#taken < end) this.#take(++this.#taken)
    return this.#taken < latest
  }

  /** Removes the rows of events before `first`. */
  dropBefore(first: number): void {
    const gone = Math.max(0, this.rowOf(first - 1) + 1)
    const rows = this.#rows.slice(gone)
    // Rows refer to folds by index, so the remaining folds get new indexes.
    const folds: Fold[] = []
    this.#rows = rows.map((row) => row > 0 ? row : -folds.push(this.#folds[-row - 1] as Fold))
    this.#folds = folds
    this.#taken = Math.max(this.#taken, first - 1)
  }

  #take(seq: number): void {
    const type = this.#source.typeAt(seq)
    if (type === undefined) return
    const { filter } = this
    if (filter.search) return this.#takeFound(seq, type, filter.search)
    if (filter.foldHeartbeats && this.#source.isHeartbeat(seq)) {
      if (filter.group === 'all' && filter.hidden.size === 0) this.#fold(seq, type)
      return
    }
    if (filter.group !== 'all' && groupOf(type) !== filter.group) return
    if (!filter.showDetails && isDetail(type)) {
      this.hiddenDetails++
      return
    }
    if (!this.#isHidden(seq)) this.#rows.push(seq)
  }

  #takeFound(seq: number, type: EventType, search: Wanted): void {
    const isWanted = (this.filter.group === 'all' || groupOf(type) === this.filter.group) && search.test(seq)
    if (isWanted && !this.#isHidden(seq)) this.#rows.push(seq)
  }

  /** The event itself is parsed only if some process is hidden. */
  #isHidden(seq: number): boolean {
    const { hidden } = this.filter
    if (hidden.size === 0) return false
    const event = this.#source.eventAt(seq)
    return event === undefined || hidden.has(lineOf(event, this.#source).process)
  }

  #fold(seq: number, type: EventType): void {
    const last = this.#rows.at(-1)
    let fold = last !== undefined && last < 0 ? this.#folds[-last - 1] : undefined
    if (!fold) {
      fold = { firstSeq: seq, lastSeq: seq, pings: 0, answers: 0 }
      this.#folds.push(fold)
      this.#rows.push(-this.#folds.length)
    }
    fold.lastSeq = seq
    if (type !== 'message-sent') return
    const event = this.#source.eventAt(seq)
    if (event?.type === 'message-sent' && event.message.type === 'ping') fold.pings++
    else fold.answers++
  }

  #firstSeq(index: number): number {
    const row = this.#rows[index] as number
    return row > 0 ? row : (this.#folds[-row - 1] as Fold).firstSeq
  }
}

/** The words of an event's row. */
export function lineOf(event: TraceEvent, source: Pick<LogSource, 'sentOf'>): EventLine {
  return eventLine(event, () => source.sentOf(event.seq))
}

export function foldText({ pings, answers }: Fold): string {
  if (pings + answers === 0) return 'ping timers folded'
  const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`
  return `${counted(pings, 'ping')} and ${counted(answers, 'answer')} folded`
}

function groupOf(type: EventType): KindGroup {
  if (type.startsWith('message-')) return 'messages'
  if (type.startsWith('operation-') || type.startsWith('workload-')) return 'operations'
  if (type.startsWith('node-') || type === 'frozen' || type === 'thawed' || type === 'stalled' || type === 'lab-note' || type === 'line-refused' || type.startsWith('program-')) return 'processes'
  return 'views'
}
