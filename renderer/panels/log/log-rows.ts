// The rows of the log: which events are told, in what order, and what is folded between them. Grows with the events in slices, so
// that a million of them never hold the window up; another filter begins again from the first. Pure.
import { eventLine, type EventLine, type EventOf, type EventType, type TraceEvent } from '../../../src/trace'
import type { Wanted } from '../../search/hits'
import { isDetail } from '../../search/match'

export const kindGroups = ['all', 'messages', 'operations', 'views', 'processes'] as const
export type KindGroup = (typeof kindGroups)[number]

export interface LogFilter {
  /** Processes whose lines are left out. */
  readonly hidden: ReadonlySet<string>
  readonly group: KindGroup
  /** What is searched for; null for no search. It says by itself which heartbeats and details are wanted. */
  readonly search: Wanted | null
  /** One row for all heartbeats between two other rows. */
  readonly foldHeartbeats: boolean
  /** Hand-overs, timers and the like, which say little. */
  readonly showDetails: boolean
}

/** Heartbeats between two rows. */
export interface Fold {
  readonly firstSeq: number
  lastSeq: number
  pings: number
  answers: number
}

export type LogRow = { readonly type: 'event'; readonly seq: number } | { readonly type: 'fold'; readonly fold: Fold }

export interface LogSource {
  eventAt(seq: number): TraceEvent | undefined
  /** Known without looking at the event itself. */
  typeAt(seq: number): EventType | undefined
  sentOf(seq: number): EventOf<'message-sent'> | undefined
  isHeartbeat(seq: number): boolean
}

export class LogRows {
  readonly filter: LogFilter
  readonly #source: LogSource
  /** A seq, or a fold as its negative place in `#folds` less one. */
  #rows: number[] = []
  #folds: Fold[] = []
  #taken: number
  /** Details that were left out. */
  hiddenDetails = 0

  /** `first`: the first event that is looked at. */
  constructor(source: LogSource, filter: LogFilter, first = 1) {
    this.#source = source
    this.filter = filter
    this.#taken = first - 1
  }

  get length(): number {
    return this.#rows.length
  }

  /** The last event that was looked at. */
  get taken(): number {
    return this.#taken
  }

  row(index: number): LogRow | undefined {
    const row = this.#rows[index]
    if (row === undefined) return undefined
    return row > 0 ? { type: 'event', seq: row } : { type: 'fold', fold: this.#folds[-row - 1] as Fold }
  }

  /** The row of an event, or the last one before it; -1 for before the first. */
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

  /** Looks at up to `count` events more; returns whether any are left of `latest`. */
  advance(latest: number, count: number): boolean {
    const end = Math.min(latest, this.#taken + count)
    while (this.#taken < end) this.#take(++this.#taken)
    return this.#taken < latest
  }

  /** Rows of events before `first` go. */
  dropBefore(first: number): void {
    const gone = Math.max(0, this.rowOf(first - 1) + 1)
    const rows = this.#rows.slice(gone)
    // Folds are named by their place: those that stay get new ones.
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

  /** Only a process that is left out needs the event itself. */
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
  if (type.startsWith('node-') || type === 'frozen' || type === 'thawed' || type === 'lab-note') return 'processes'
  return 'views'
}
