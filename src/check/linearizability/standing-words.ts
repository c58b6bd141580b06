// The standing of a history in words, for the command line, reports and the window.
import { counted } from '../../trace'
import type { HistoryError, HistoryStanding } from './live-history'
import { shownValue } from './why'

export const linearizabilityText = {
  title: 'Linearizability',
  says: 'What the clients saw can be explained by operations that took effect one at a time, each between its invocation and its return.',
} as const

/** One or a few sentences. */
export function standingSentence(history: HistoryStanding): string {
  const { standing, limit, judged } = history
  switch (standing) {
    case 'not-exercised': return 'No operation returned: nothing to judge.'
    case 'linearizable': return `${counted(judged, 'operation')} on ${counted(history.keys, 'key')} can be put in order.`
    case 'not-linearizable': return errorsSentence(history.errors)
    case 'unknown': return limit
    case 'not-promised': return `Asynchronous replication does not promise it. ${foundSentence(history)}`
  }
}

function foundSentence({ verdict, errors, limit, judged }: HistoryStanding): string {
  switch (verdict) {
    case 'linearizable': return `Here ${counted(judged, 'operation')} can be put in order all the same.`
    case 'not-linearizable': return errorsSentence(errors)
    case 'unknown': return limit
  }
}

function errorsSentence([first, ...others]: readonly HistoryError[]): string {
  if (first === undefined) return ''
  const more = others.length === 0 ? '' : ` ${counted(others.length, 'other key')} ${others.length === 1 ? 'is' : 'are'} wrong too.`
  return `Key ${shownValue(first.key)}: ${first.why}${more}`
}
