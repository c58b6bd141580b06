// The announcements about a live session for screen readers: view changes and operations politely and counted, stuck and violations at
// once. It must never announce heartbeats and messages. Pure: Announcer.vue decides when to speak.
import type { TraceEvent } from '../../src/trace'
import type { Stuck } from '../../src/protocol'

export interface Told {
  views: string[]
  processes: string[]
  ok: number
  failed: number
  unknown: number
}

export const nothingTold = (): Told => ({ views: [], processes: [], ok: 0, failed: 0, unknown: 0 })

/** At most this many sentences of a kind in one announcement; the rest are counted. */
const sentencesMax = 3

/** Adds an event to the next announcement; returns a sentence that must be announced at once, or ''. */
export function hear(told: Told, event: TraceEvent, sentenceOfStuck: (stuck: Stuck) => string): string {
  switch (event.type) {
    case 'view-changed': {
      const { viewnum, primary, backups } = event.view
      const names = backups.map((backup) => backup.name).join(', ')
      told.views.push(`View ${viewnum}: ${primary?.name ?? 'nobody'} primary, ${names === '' ? 'no backup' : `${names} backup`}.`)
      return ''
    }
    case 'view-acked': told.views.push(`View ${event.view.viewnum} acked.`); return ''
    case 'node-killed': told.processes.push(`${event.node} killed.`); return ''
    case 'node-paused': told.processes.push(`${event.node} paused.`); return ''
    case 'node-resumed': told.processes.push(`${event.node} resumed.`); return ''
    case 'operation-returned': told[event.outcome.type]++; return ''
    case 'violation': return `${event.rule} broken. ${event.text}`
    case 'stuck': return event.stuck === null ? '' : `Stuck. ${sentenceOfStuck(event.stuck)}`
    default: return ''
  }
}

/** The collected events as one announcement; '' if there is nothing to announce. */
export function say(told: Told): string {
  const operations = ([['ok', told.ok], ['failed', told.failed], ['unknown', told.unknown]] as const)
    .filter(([, count]) => count > 0).map(([word, count]) => `${count} ${count === 1 ? 'operation' : 'operations'} ${word}.`)
  return [...few(told.views, 'view changes'), ...few(told.processes, 'changes of processes'), ...operations].join(' ')
}

function few(sentences: readonly string[], what: string): string[] {
  if (sentences.length <= sentencesMax) return [...sentences]
  return [`${sentences.length - sentencesMax} more ${what}.`, ...sentences.slice(-sentencesMax)]
}
