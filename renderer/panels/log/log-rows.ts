// The rows of the log: which events are told, in what order, and what is folded between them. Grows with the events in slices, so
// that a million of them never hold the window up; another filter begins again from the first. Pure.
import { eventLine, type EventLine, type EventOf, type TraceEvent } from '../../../src/trace'

export const kindGroups = ['all', 'messages', 'operations', 'views', 'processes'] as const
export type KindGroup = (typeof kindGroups)[number]

export interface LogFilter {
  /** Processes whose lines are left out. */
  readonly hidden: ReadonlySet<string>
  readonly group: KindGroup
  /** Lower case; empty for no search. */
  readonly text: string
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
  sentOf(seq: number): EventOf<'message-sent'> | undefined
  isHeartbeat(seq: number): boolean
}

export class LogRows {
  readonly filter: LogFilter
  readonly #source: LogSource
  /** A seq, or a fold as its negative place in `#folds` less one. */
  readonly #rows: number[] = []
  readonly #folds: Fold[] = []
  #taken = 0
  /** Details that were left out. */
  hiddenDetails = 0

  constructor(source: LogSource, filter: LogFilter) {
    this.#source = source
    this.filter = filter
  }

  get length(): number {
    return this.#rows.length
  }

  /** Events that were looked at. */
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

  #take(seq: number): void {
    const event = this.#source.eventAt(seq)
    if (!event) return
    const { filter } = this
    if (filter.foldHeartbeats && this.#source.isHeartbeat(seq)) {
      if (filter.group === 'all' && filter.text === '' && filter.hidden.size === 0) this.#fold(event)
      return
    }
    if (filter.group !== 'all' && groupOf(event) !== filter.group) return
    if (!filter.showDetails && isDetail(event)) {
      this.hiddenDetails++
      return
    }
    if (filter.text === '' && filter.hidden.size === 0) return void this.#rows.push(seq)
    const line = lineOf(event, this.#source)
    if (filter.hidden.has(line.process)) return
    if (filter.text === '' || matches(line, filter.text)) this.#rows.push(seq)
  }

  #fold(event: TraceEvent): void {
    const last = this.#rows.at(-1)
    let fold = last !== undefined && last < 0 ? this.#folds[-last - 1] : undefined
    if (!fold) {
      fold = { firstSeq: event.seq, lastSeq: event.seq, pings: 0, answers: 0 }
      this.#folds.push(fold)
      this.#rows.push(-this.#folds.length)
    }
    fold.lastSeq = event.seq
    if (event.type !== 'message-sent') return
    if (event.message.type === 'ping') fold.pings++
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

function matches(line: EventLine, text: string): boolean {
  return `${line.process} ${line.kind} ${line.text}`.toLowerCase().includes(text)
}

function isDetail(event: TraceEvent): boolean {
  switch (event.type) {
    case 'message-handed':
    case 'timer-fired':
    case 'operation-started':
    case 'peer-lost': return true
    default: return false
  }
}

function groupOf(event: TraceEvent): KindGroup {
  const { type } = event
  if (type.startsWith('message-')) return 'messages'
  if (type.startsWith('operation-') || type.startsWith('workload-')) return 'operations'
  if (type.startsWith('node-') || type === 'frozen' || type === 'thawed' || type === 'lab-note') return 'processes'
  return 'views'
}
