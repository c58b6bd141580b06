// The inspector's texts about one event: its kind, its time, its message or operation, and its cause. Pure.
import { kindOf } from '../../../src/protocol'
import {
  bytesText, eventLine, messageText, outcomeSentence, viewCauseText, viewText, type ClusterState, type EventOf, type OperationFacts, type TraceEvent,
} from '../../../src/trace'

export interface EventFacts {
  readonly title: string
  readonly sentence: string
  /** Name and value pairs. */
  readonly facts: readonly (readonly [string, string])[]
  /** Lines of the payload. */
  readonly payload: readonly string[]
}

const payloadLinesMax = 60
const secondsOf = (event: TraceEvent): string => `${(event.at / 1_000_000).toFixed(3)} s`

/** `state`: the latest state, which may know more about the event than the state at the event did. */
export function eventFacts(event: TraceEvent, sent: EventOf<'message-sent'> | undefined, state: ClusterState | null = null): EventFacts {
  const line = eventLine(event, () => sent)
  const facts: [string, string][] = [['event', `#${event.seq}`], ['time', secondsOf(event)]]
  if (sent) {
    facts.push(['message', sent.id], ['sent', secondsOf(sent)])
    if (event.type === 'message-taken' || event.type === 'message-handed') facts.push(['on its way', `${((event.at - sent.at) / 1000).toFixed(1)} ms`])
    return {
      title: `${kindOf(sent.message)} ${sent.from} → ${sent.to}`,
      sentence: `${line.kind}: ${messageText(sent.message) || kindOf(sent.message)}.`,
      facts, payload: payloadLines(sent.message),
    }
  }
  if ('node' in event && event.node !== '') facts.push(['process', event.node])
  if ('step' in event) facts.push(['step', String(event.step)])
  return { title: `${line.process ? `${line.process} ` : ''}${line.kind}`, sentence: viewSentence(event, state) ?? line.text, facts, payload: [] }
}

function viewSentence({ type, seq }: TraceEvent, state: ClusterState | null): string | undefined {
  const facts = type === 'view-changed' ? state?.views.find((view) => view.seq === seq) : undefined
  return facts && state ? `${viewText(facts.view)}. ${viewCauseText(facts, state.header)}` : undefined
}

export function operationFacts(operation: OperationFacts): EventFacts {
  const { operation: asked } = operation
  const facts: [string, string][] = [
    ['client', operation.client], ['request', operation.clientId === '' ? 'not taken up yet' : `${operation.clientId} #${operation.requestId}`],
    ['asked by', operation.label], ['invoked', `${(operation.invokedAt / 1_000_000).toFixed(3)} s`],
  ]
  if (operation.returnedSeq > 0) facts.push(['returned', `${(operation.returnedAt / 1_000_000).toFixed(3)} s`], ['tries', String(operation.tries)])
  return { title: `${operation.client} ${asked.type === 'call' ? asked.kind : `${asked.type} ${asked.key.slice(0, 40)}`}`, sentence: outcomeSentence(operation), facts, payload: [] }
}

/** A value as indented lines; a long text is cut and its length is added. */
function payloadLines(value: unknown): string[] {
  const text = JSON.stringify(value, (_key, item: unknown) => typeof item === 'string' && item.length > 200 ? `${item.slice(0, 200)}… (${bytesText(item.length)})` : item, 1)
  const lines = text.split('\n').slice(1, -1).map((line) => line.replace(/^ /, '').replace(/"([^"]+)":/, '$1:').replace(/,$/, ''))
  return lines.length <= payloadLinesMax ? lines : [...lines.slice(0, payloadLinesMax), `… ${lines.length - payloadLinesMax} lines more`]
}
