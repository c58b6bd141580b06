// Brings a page of events back from the lab, piece by piece: the moment that was asked for is there as soon as its events are, and the
// rest of the page follows. Pure of Vue; the caller says how to fetch and when to pause. What is shown stays until the first piece came.
import { sliceMs } from './intake'
import type { SessionEvents } from './session-events'

/** Consecutive lines, the first of event `from`. */
export interface EventLines {
  readonly from: number
  readonly count: number
  readonly text: string
}

/** Asks the lab for events from `from` on, as many as one answer carries and no more than `count`. Rejects with a sentence. */
export type FetchEvents = (from: number, count: number) => Promise<EventLines>

/** A page that is brought back holds so many events before the moment, and so many in all: under a second's work. */
export const pageBefore = 20_000
export const pageEvents = 120_000

export interface PageLoad {
  /** The event whose moment is wanted, or the newest one, whatever comes. */
  readonly target: number | 'tail'
  readonly fetch: FetchEvents
  readonly pause: () => Promise<void>
  readonly nowMs: () => number
  /** Another page is wanted by now, or none. */
  isOver(): boolean
  /** The moment that was asked for is there (`isThere`), or more of the page. */
  progress(done: number, total: number, isThere: boolean): void
}

/** Resolves when the page is whole or over. Rejects if the lab cannot give the events; what came before is shown then. */
export async function loadPage(events: SessionEvents, load: PageLoad): Promise<void> {
  const { target, fetch } = load
  const wanted = target === 'tail' ? events.latest : target
  const first = events.pageBeginFor(Math.max(0, wanted - pageBefore))
  const endOf = (): number => target === 'tail' ? events.latest : Math.min(events.latest, Math.max(wanted + pageBefore, first + pageEvents - 1))
  let lines = await fetch(first, endOf() - first + 1)
  if (load.isOver()) return
  // Checkpoints are thinned as a session grows: this one may have gone meanwhile.
  if (events.pageBeginFor(first - 1) !== first) return loadPage(events, load)
  events.beginPage(first)
  for (;;) {
    if (lines.from !== events.last + 1) throw new Error(`Event ${events.last + 1} can no longer be read.`)
    // The next piece is on its way while this one is taken.
    const next = events.last + lines.count + 1
    const coming = next <= endOf() ? fetch(next, endOf() - next + 1) : null
    coming?.catch(() => undefined) // Awaited below, unless the page is over by then.
    if (!await takeLines(events, lines.text, load, first, wanted, endOf)) return
    if (coming === null && events.last >= endOf()) break
    lines = await (coming ?? fetch(events.last + 1, endOf() - events.last))
    if (load.isOver()) return
  }
  events.tidy()
  load.progress(1, 1, true)
}

/** Takes lines in slices; false if the page is full or over meanwhile. */
async function takeLines(events: SessionEvents, text: string, load: PageLoad, first: number, wanted: number, endOf: () => number): Promise<boolean> {
  const { target } = load
  let end = load.nowMs() + sliceMs
  for (let at = 0; at < text.length;) {
    const lineFeed = text.indexOf('\n', at)
    const next = lineFeed === -1 ? text.length : lineFeed
    events.takeOfPage(text, at, next, target === 'tail' ? Infinity : target)
    at = next + 1
    // Long events: the page ends here, as what was asked for is in it.
    if (target !== 'tail' && events.isFull && events.last >= target) {
      load.progress(1, 1, true)
      return false
    }
    if (events.last % 16 !== 0 || load.nowMs() < end) continue
    load.progress(events.last - first + 1, endOf() - first + 1, events.last >= wanted)
    await load.pause()
    if (load.isOver()) return false
    end = load.nowMs() + sliceMs
  }
  return true
}
