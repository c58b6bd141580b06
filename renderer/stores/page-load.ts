// Fetches a page of events from the lab in chunks: the wanted event is shown as soon as it has arrived, and the rest of the page follows.
// Does not use Vue; the caller gives the functions to fetch and to pause. It must never drop the shown page before the first chunk arrives.
import { sliceMs } from './intake'
import type { SessionEvents } from './session-events'

/** Consecutive lines; the first is that of event `from`. */
export interface EventLines {
  readonly from: number
  readonly count: number
  readonly text: string
}

/** Asks the lab for events from `from` on, as many as fit in one answer and at most `count`. Rejects with a sentence. */
export type FetchEvents = (from: number, count: number) => Promise<EventLines>

/** A fetched page has so many events before the wanted one, and so many in all; that takes less than a second. */
export const pageBefore = 20_000
export const pageEvents = 120_000

export interface PageLoad {
  /** The wanted event, or the tail: the newest event, even if more arrive. */
  readonly target: number | 'tail'
  readonly fetch: FetchEvents
  readonly pause: () => Promise<void>
  readonly nowMs: () => number
  /** True if this page is no longer wanted. */
  isOver(): boolean
  /** Reports progress; `isThere`: the wanted event has arrived. */
  progress(done: number, total: number, isThere: boolean): void
}

/** Resolves when the page is complete or no longer wanted. Rejects if the lab cannot give the events; those that arrived stay. */
export async function loadPage(events: SessionEvents, load: PageLoad): Promise<void> {
  const { target, fetch } = load
  const wanted = target === 'tail' ? events.latest : target
  const first = events.pageBeginFor(Math.max(0, wanted - pageBefore))
  const endOf = (): number => target === 'tail' ? events.latest : Math.min(events.latest, Math.max(wanted + pageBefore, first + pageEvents - 1))
  let lines = await fetch(first, endOf() - first + 1)
  if (load.isOver()) return
  // The checkpoint before the page may have been thinned away meanwhile, as the session grew.
  if (events.pageBeginFor(first - 1) !== first) return loadPage(events, load)
  events.beginPage(first)
  for (;;) {
    if (lines.from !== events.last + 1) throw new Error(`Event ${events.last + 1} can no longer be read.`)
    // Fetches the next chunk while this one is taken.
    const next = events.last + lines.count + 1
    const coming = next <= endOf() ? fetch(next, endOf() - next + 1) : null
    coming?.catch(() => undefined) // Awaited below, unless the page is no longer wanted by then.
    if (!await takeLines(events, lines.text, load, first, wanted, endOf)) return
    if (coming === null && events.last >= endOf()) break
    lines = await (coming ?? fetch(events.last + 1, endOf() - events.last))
    if (load.isOver()) return
  }
  events.tidy()
  load.progress(1, 1, true)
}

/** Takes lines in slices; returns false if the page is full, or is no longer wanted. */
async function takeLines(events: SessionEvents, text: string, load: PageLoad, first: number, wanted: number, endOf: () => number): Promise<boolean> {
  const { target } = load
  let end = load.nowMs() + sliceMs
  for (let at = 0; at < text.length;) {
    const lineFeed = text.indexOf('\n', at)
    const next = lineFeed === -1 ? text.length : lineFeed
    events.takeOfPage(text, at, next, target === 'tail' ? Infinity : target)
    at = next + 1
    // Long events fill the page early; it ends here, because it has the wanted event.
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
