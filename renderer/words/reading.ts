// Sentences about how much of a session is read, and how much of it is in memory. Pure.
import { countText } from './figures'

/** With fewer missing events there is no sentence, because they arrive before it could be read. */
const worthSaying = 5000

/**
 * How many events the window has taken and how many are still to come; empty if too few are missing. `readShare`: the share of the file
 * that the lab has read, used to estimate the total number of events.
 */
export function readingSentence(taken: number, latest: number, readShare: number | undefined): string {
  if (readShare !== undefined && readShare > 0) {
    const about = Math.max(latest, Math.round(latest / readShare))
    // Two digits, because the estimate is not more precise.
    const unit = 10 ** Math.max(0, String(about).length - 2)
    return `Reading, ${countText(taken)} of about ${countText(Math.ceil(about / unit) * unit)} events`
  }
  return latest - taken > worthSaying ? `Reading, ${countText(taken)} of ${countText(latest)} events` : ''
}

/** Which events are in memory; empty if all are. */
export function pageSentence(first: number, last: number, latest: number): string {
  if (first <= 1 && last >= latest) return ''
  return `Events ${countText(first)} to ${countText(last)} of ${countText(latest)} are in memory; the rest is in the file.`
}

/** A sentence about the page that is being fetched. */
export function loadingSentence(target: number | 'tail'): string {
  return target === 'tail' ? 'Fetching the newest events' : `Fetching the events around #${countText(target)}`
}
