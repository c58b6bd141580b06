// The events of one session as the window has them: all of them pass once, and a page of them is held as text. What is folded or drawn
// from events is a reader here, and takes each event while it is parsed. Pure: no Vue, no clock, nothing asynchronous.
// It must never hold more than its limits, and never let a reader meet a gap.
import { beginState, copyState, foldEvent, type ClusterState, type TraceEvent, type TraceHeader } from '../../src/trace'
import { EventBlocks } from './event-blocks'
import { History, type HistoryOptions } from './history'
import { TimeIndex } from './time-index'

/** Takes every event of a session once, in order; what it keeps must be little, as nothing is ever taken back. */
export interface SessionReader {
  /** Another session begins. */
  begin(): void
  take(event: TraceEvent): void
}

/** Takes the events of the page: what it keeps may be as much as the page. */
export interface PageReader {
  /** The page begins anew with event `first`; `before` is the cluster before it, and must not be changed or kept. */
  begin(first: number, before: ClusterState | null): void
  /** The next event of the page. */
  take(event: TraceEvent): void
  /** Events before `first` are held no more. */
  dropBefore(first: number): void
}

export interface PageLimits {
  /** Events that are held. */
  readonly events: number
  /** Bytes of their text. */
  readonly bytes: number
  /** Share of the page that is let go when it is full. */
  readonly lettingGo: number
}

export const pageLimits: PageLimits = { events: 2_000_000, bytes: 352 * 1024 * 1024, lettingGo: 1 / 8 }

/** Distance of checkpoints in the page, and how many may be kept elsewhere. */
const historyOptions: HistoryOptions = { checkpointEvents: 4096, checkpointsMax: 512 }

/** A checkpoint is made after so many characters of events at the latest. */
const checkpointCharacters = 8 * 1024 * 1024
/** How often checkpoints outside of the page are looked after, in events. */
const tidyEvents = 65_536

export class SessionEvents {
  readonly #limits: PageLimits
  readonly #sessionReaders = new Set<SessionReader>()
  readonly #pageReaders = new Set<PageReader>()
  readonly #page = new EventBlocks()
  #history: History<ClusterState, TraceEvent> | null = null
  #times = new TimeIndex()
  #latest = 0
  /** Of the lines since a checkpoint was last wanted for their length. */
  #charactersSince = 0
  /** The page ends with the newest event, and the next one is appended. */
  #isAttached = true

  constructor(limits: PageLimits = pageLimits) {
    this.#limits = limits
  }

  /** seq of the newest event; 0 before the first. */
  get latest(): number { return this.#latest }
  /** seq of the first event that is held, and of the last. */
  get first(): number { return this.#page.first }
  get last(): number { return this.#page.last }
  get isAttached(): boolean { return this.#isAttached }
  /** The page is at its limits. */
  get isFull(): boolean {
    return this.#page.count > this.#limits.events || this.#page.bytes > this.#limits.bytes
  }

  get times(): TimeIndex { return this.#times }
  get tail(): ClusterState | null { return this.#history?.tail ?? null }

  /** Readers are told of what comes from now on: one that is added later than a session began has missed its beginning. */
  addSessionReader(reader: SessionReader): () => void {
    this.#sessionReaders.add(reader)
    return () => this.#sessionReaders.delete(reader)
  }

  /** Added later, a reader is given what is held, at once. */
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
      { begin: () => beginState(header), fold: foldEvent, copy: copyState, weight: ({ underWay }) => underWay.size }, (seq) => this.#page.parse(seq), historyOptions)
    for (const reader of this.#sessionReaders) reader.begin()
    for (const reader of this.#pageReaders) reader.begin(1, null)
  }

  /** Takes the line of the next event. `position`: the event that people look at, or 'tail'; what is farthest from it is let go. */
  takeLine(line: string, position: number | 'tail'): void {
    this.take(line, 0, line.length, position)
  }

  /** The same for the line from `at` to `end` of a text. */
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

  /** False for an event whose moment needs events that are not held. */
  has(seq: number): boolean {
    return seq >= this.first - 1 && seq <= this.last
  }

  eventAt(seq: number): TraceEvent | undefined {
    return this.#page.eventAt(seq)
  }

  lineAt(seq: number): string | undefined {
    return this.#page.lineAt(seq)
  }

  /** The lines that are held from an event on, at most `count`. */
  linesFrom(seq: number, count: number): string[] {
    const lines: string[] = []
    for (let at = seq; lines.length < count; at++) {
      const line = this.#page.lineAt(at)
      if (line === undefined) break
      lines.push(line)
    }
    return lines
  }

  /** Cluster time of an event in microseconds; near it where the event is not held. */
  timeOf(seq: number): number {
    if (seq === this.#latest) return this.#times.last
    return this.eventAt(seq)?.at ?? this.#times.timeNear(seq)
  }

  /** The last event at or before a cluster time; see `TimeIndex.seqAt`. */
  seqAtTime(micros: number): number {
    return micros >= this.#times.last ? this.#latest : this.#times.seqAt(micros, (seq) => this.#page.parse(seq)?.at)
  }

  /** After event `seq`; null without a session, or where it cannot be known from what is held. Not to be kept: valid until the next call. */
  stateAt(seq: number): ClusterState | null {
    return this.#history?.at(seq) ?? null
  }

  /** Where a page must begin that holds the moment of `seq`: after a checkpoint. */
  pageBeginFor(seq: number): number {
    return (this.#history?.checkpointBefore(seq).count ?? 0) + 1
  }

  /** Lets go of the page and begins another with event `first`, which `pageBeginFor` gave. */
  beginPage(first: number): void {
    this.#history?.beginStretch(first - 1)
    this.#page.begin(first)
    this.#isAttached = this.last === this.#latest
    const before = this.stateAt(first - 1)
    for (const reader of this.#pageReaders) reader.begin(first, before)
  }

  /** Takes the line of the event after the page. What is before `wanted` is let go where there is no room; what is after it is the caller's to stop. */
  takeOfPage(text: string, at: number, end: number, wanted: number): void {
    const event = JSON.parse(text.slice(at, end)) as TraceEvent
    if (event.seq !== this.last + 1) throw new Error(`event ${event.seq} came after ${this.last}`)
    this.#history?.takeOfStretch(event, this.#isDue(end - at))
    this.#appendToPage(text, at, end, event)
    this.#isAttached = this.last === this.#latest
    if (this.isFull && this.last < wanted) this.#letGoOfOldest()
  }

  /** Checkpoints of pages that have gone are thinned. */
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

  /** The page begins after a checkpoint, always: the state before its first event is known. */
  #letGoOfOldest(): void {
    const share = Math.max(this.#limits.lettingGo, 1 - this.#limits.bytes / Math.max(1, this.#page.bytes))
    const wanted = this.first + Math.ceil(this.#page.count * share)
    const begin = this.#history?.checkpointFrom(wanted)
    if (begin === undefined || begin > this.last) return
    this.#page.dropBefore(begin + 1)
    for (const reader of this.#pageReaders) reader.dropBefore(this.first)
  }

  /** Long events want checkpoints that are nearer: a page may begin after a checkpoint only. */
  #isDue(characters: number): boolean {
    this.#charactersSince += characters
    if (this.#charactersSince < checkpointCharacters) return false
    this.#charactersSince = 0
    return true
  }
}
