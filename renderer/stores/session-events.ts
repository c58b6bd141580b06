// The events of one session in the window: every event passes through once, and a page of them is stored as text. Readers take each event
// when it is parsed, to fold or draw it. Pure: no Vue, no clock, nothing asynchronous.
// It must never store more than its limits, and never give a reader events with a gap.
import { beginState, copyState, foldEvent, type ClusterState, type TraceEvent, type TraceHeader } from '../../src/trace'
import { EventBlocks } from './event-blocks'
import { History, type HistoryOptions } from './history'
import { TimeIndex } from './time-index'

/** Takes every event of a session once, in order. It must store little, because its data is never evicted. */
export interface SessionReader {
  /** Another session begins. */
  begin(): void
  take(event: TraceEvent): void
}

/** Takes the events of the page. It may store as much as the page does. */
export interface PageReader {
  /** A new page begins with event `first`; `before` is the cluster state before it, and must not be changed or stored. */
  begin(first: number, before: ClusterState | null): void
  /** The next event of the page. */
  take(event: TraceEvent): void
  /** Events before `first` are evicted. */
  dropBefore(first: number): void
}

export interface PageLimits {
  /** Most events in memory. */
  readonly events: number
  /** Most bytes of their text. */
  readonly bytes: number
  /** Share of the page that is evicted when it is full. */
  readonly lettingGo: number
}

export const pageLimits: PageLimits = { events: 2_000_000, bytes: 352 * 1024 * 1024, lettingGo: 1 / 8 }

/** Distance of checkpoints in the page, and most checkpoints outside of it. */
const historyOptions: HistoryOptions = { checkpointEvents: 4096, checkpointsMax: 512 }

/** A checkpoint is made after at most so many characters of events. */
const checkpointCharacters = 8 * 1024 * 1024
/** Events between two thinnings of the checkpoints outside of the page. */
const tidyEvents = 65_536

export class SessionEvents {
  readonly #limits: PageLimits
  readonly #sessionReaders = new Set<SessionReader>()
  readonly #pageReaders = new Set<PageReader>()
  readonly #page = new EventBlocks()
  #history: History<ClusterState, TraceEvent> | null = null
  #times = new TimeIndex()
  #latest = 0
  /** Number of characters since the last checkpoint that was made because of them. */
  #charactersSince = 0
  /** True if the page ends with the newest event, so that the next event is appended. */
  #isAttached = true

  constructor(limits: PageLimits = pageLimits) {
    this.#limits = limits
  }

  /** seq of the newest event; 0 before the first. */
  get latest(): number { return this.#latest }
  /** seq of the first and of the last event in memory. */
  get first(): number { return this.#page.first }
  get last(): number { return this.#page.last }
  get isAttached(): boolean { return this.#isAttached }
  /** True if the page exceeds a limit. */
  get isFull(): boolean {
    return this.#page.count > this.#limits.events || this.#page.bytes > this.#limits.bytes
  }

  get times(): TimeIndex { return this.#times }
  get tail(): ClusterState | null { return this.#history?.tail ?? null }

  /** Adds a reader for the events from now on; one that is added after the begin of a session misses the earlier events. */
  addSessionReader(reader: SessionReader): () => void {
    this.#sessionReaders.add(reader)
    return () => this.#sessionReaders.delete(reader)
  }

  /** Adds a reader and gives it all events in memory at once. */
  addPageReader(reader: PageReader): () => void {
    this.#pageReaders.add(reader)
    reader.begin(this.first, this.stateAt(this.first - 1))
    for (let seq = this.first; seq <= this.last; seq++) reader.take(this.#page.parse(seq) as TraceEvent)
    return () => this.#pageReaders.delete(reader)
  }

  reset(header: TraceHeader | null): void {
    this.#page.begin(1)
    this.#times = new TimeIndex()
    this.#latest = 0
    this.#isAttached = true
    this.#history = header === null ? null : new History<ClusterState, TraceEvent>(
      { begin: () => beginState(header), fold: foldEvent, copy: copyState, weight: ({ inFlight }) => inFlight.size }, (seq) => this.#page.parse(seq), historyOptions)
    for (const reader of this.#sessionReaders) reader.begin()
    for (const reader of this.#pageReaders) reader.begin(1, null)
  }

  /** Takes the line of the next event. `position`: the event at the cursor, or 'tail'; the events farthest from it are evicted first. */
  takeLine(line: string, position: number | 'tail'): void {
    this.take(line, 0, line.length, position)
  }

  /** Like `takeLine`, for the line from `at` to `end` of a text. */
  take(text: string, at: number, end: number, position: number | 'tail'): void {
    const event = JSON.parse(text.slice(at, end)) as TraceEvent
    if (event.seq !== this.#latest + 1) throw new Error(`event ${event.seq} came after ${this.#latest}`)
    this.#latest = event.seq
    this.#history?.take(event, this.#isDue(end - at))
    this.#times.take(event)
    if (this.#isAttached) this.#appendToPage(text, at, end, event)
    for (const reader of this.#sessionReaders) reader.take(event)
    if (this.#isAttached && this.isFull) this.#makeRoom(position)
    else if (event.seq % tidyEvents === 0) this.tidy()
  }

  /** False for an event whose state needs events that are not in memory. */
  has(seq: number): boolean {
    return seq >= this.first - 1 && seq <= this.last
  }

  eventAt(seq: number): TraceEvent | undefined {
    return this.#page.eventAt(seq)
  }

  lineAt(seq: number): string | undefined {
    return this.#page.lineAt(seq)
  }

  /** The lines in memory from an event on, at most `count`. */
  linesFrom(seq: number, count: number): string[] {
    const lines: string[] = []
    for (let at = seq; lines.length < count; at++) {
      const line = this.#page.lineAt(at)
      if (line === undefined) break
      lines.push(line)
    }
    return lines
  }

  /** Cluster time of an event in microseconds; approximate if the event is not in memory. */
  timeOf(seq: number): number {
    if (seq === this.#latest) return this.#times.last
    return this.eventAt(seq)?.at ?? this.#times.timeNear(seq)
  }

  /** The last event at or before a cluster time; see `TimeIndex.seqAt`. */
  seqAtTime(micros: number): number {
    return micros >= this.#times.last ? this.#latest : this.#times.seqAt(micros, (seq) => this.#page.parse(seq)?.at)
  }

  /** The state after event `seq`; null without a session, or if needed events are not in memory. It is valid only until the next call. */
  stateAt(seq: number): ClusterState | null {
    return this.#history?.at(seq) ?? null
  }

  /** The first event of a page that includes the state after `seq`; a page begins after a checkpoint. */
  pageBeginFor(seq: number): number {
    return (this.#history?.checkpointBefore(seq).count ?? 0) + 1
  }

  /** Evicts the page and begins another with event `first`, which must come from `pageBeginFor`. */
  beginPage(first: number): void {
    this.#history?.beginStretch(first - 1)
    this.#page.begin(first)
    this.#isAttached = this.last === this.#latest
    const before = this.stateAt(first - 1)
    for (const reader of this.#pageReaders) reader.begin(first, before)
  }

  /** Takes the line of the event after the page. If there is no room, the oldest events before `wanted` are evicted; after `wanted` the caller must stop. */
  takeOfPage(text: string, at: number, end: number, wanted: number): void {
    const event = JSON.parse(text.slice(at, end)) as TraceEvent
    if (event.seq !== this.last + 1) throw new Error(`event ${event.seq} came after ${this.last}`)
    this.#history?.takeOfStretch(event, this.#isDue(end - at))
    this.#appendToPage(text, at, end, event)
    this.#isAttached = this.last === this.#latest
    if (this.isFull && this.last < wanted) this.#letGoOfOldest()
  }

  /** Thins the checkpoints outside of the page. */
  tidy(): void {
    this.#history?.thinOutside(this.first, this.last)
  }

  #appendToPage(text: string, at: number, end: number, event: TraceEvent): void {
    this.#page.append(text, at, end)
    for (const reader of this.#pageReaders) reader.take(event)
  }

  #makeRoom(position: number | 'tail'): void {
    const isNearBegin = position !== 'tail' && position - this.first < this.last - position
    if (isNearBegin) this.#isAttached = false
    else this.#letGoOfOldest()
    this.tidy()
  }

  /** Evicts the oldest events up to a checkpoint, so that the state before the first event of the page is always known. */
  #letGoOfOldest(): void {
    const share = Math.max(this.#limits.lettingGo, 1 - this.#limits.bytes / Math.max(1, this.#page.bytes))
    const wanted = this.first + Math.ceil(this.#page.count * share)
    const begin = this.#history?.checkpointFrom(wanted)
    if (begin === undefined || begin > this.last) return
    this.#page.dropBefore(begin + 1)
    for (const reader of this.#pageReaders) reader.dropBefore(this.first)
  }

  /** True after `checkpointCharacters`: long events need closer checkpoints, because a page can begin only after one. */
  #isDue(characters: number): boolean {
    this.#charactersSince += characters
    if (this.#charactersSince < checkpointCharacters) return false
    this.#charactersSince = 0
    return true
  }
}
