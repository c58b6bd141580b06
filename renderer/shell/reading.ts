// Sentences about how much of a session is read, and how much of it is in memory. Pure.
import { countText } from './bar'

/** Fewer events than these are here before a sentence about them could be read. */
const worthSaying = 5000

/**
 * What is still on its way to the window; empty if nothing is that would be worth saying. `readShare`: how much of the file the lab has
 * read, from which follows about how many events there are in all.
 */
export function readingSentence(taken: number, latest: number, readShare: number | undefined): string {
  if (readShare !== undefined && readShare > 0) {
    const about = Math.max(latest, Math.round(latest / readShare))
    // Two digits: more would not be true.
    const unit = 10 ** Math.max(0, String(about).length - 2)
    return `Reading, ${countText(taken)} of about ${countText(Math.ceil(about / unit) * unit)} events`
  }
  return latest - taken > worthSaying ? `Reading, ${countText(taken)} of ${countText(latest)} events` : ''
}

/** Which events are in memory; empty when all are. */
export function pageSentence(first: number, last: number, latest: number): string {
  if (first <= 1 && last >= latest) return ''
  return `Events ${countText(first)} to ${countText(last)} of ${countText(latest)} are in memory; the rest is in the file.`
}

/** What a page that is on its way is about. */
export function loadingSentence(target: number | 'tail'): string {
  return target === 'tail' ? 'Fetching the newest events' : `Fetching the events around #${countText(target)}`
}
