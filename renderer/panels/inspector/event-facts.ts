// What the inspector says of one event: what it is, when, of which message or operation, and what led to it. Pure.
import { bytesText, eventLine, messageText, outcomeSentence, type EventOf, type OperationFacts, type TraceEvent } from '../../../src/trace'

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

export function eventFacts(event: TraceEvent, sent: EventOf<'message-sent'> | undefined): EventFacts {
  const line = eventLine(event, () => sent)
  const facts: [string, string][] = [['event', `#${event.seq}`], ['time', secondsOf(event)]]
  if (sent) {
    facts.push(['message', sent.id], ['sent', secondsOf(sent)])
    if (event.type === 'message-taken' || event.type === 'message-handed') facts.push(['on its way', `${((event.at - sent.at) / 1000).toFixed(1)} ms`])
    return {
      title: `${sent.message.type} ${sent.from} → ${sent.to}`,
      sentence: `${line.kind}: ${messageText(sent.message) || sent.message.type}.`,
      facts, payload: payloadLines(sent.message),
    }
  }
  if ('node' in event && event.node !== '') facts.push(['process', event.node])
  if ('step' in event) facts.push(['step', String(event.step)])
  return { title: `${line.process ? `${line.process} ` : ''}${line.kind}`, sentence: line.text, facts, payload: [] }
}

export function operationFacts(operation: OperationFacts): EventFacts {
  const facts: [string, string][] = [
    ['client', operation.client], ['request', operation.clientId === '' ? 'not taken up yet' : `${operation.clientId} #${operation.requestId}`],
    ['asked by', operation.label], ['invoked', `${(operation.invokedAt / 1_000_000).toFixed(3)} s`],
  ]
  if (operation.returnedSeq > 0) facts.push(['returned', `${(operation.returnedAt / 1_000_000).toFixed(3)} s`], ['tries', String(operation.tries)])
  return { title: `${operation.client} ${operation.operation.type} ${operation.operation.key.slice(0, 40)}`, sentence: outcomeSentence(operation), facts, payload: [] }
}

/** A value as indented lines, long texts cut with their length told. */
function payloadLines(value: unknown): string[] {
  const text = JSON.stringify(value, (_key, item: unknown) => typeof item === 'string' && item.length > 200 ? `${item.slice(0, 200)}… (${bytesText(item.length)})` : item, 1)
  const lines = text.split('\n').slice(1, -1).map((line) => line.replace(/^ /, '').replace(/"([^"]+)":/, '$1:').replace(/,$/, ''))
  return lines.length <= payloadLinesMax ? lines : [...lines.slice(0, payloadLinesMax), `… ${lines.length - payloadLinesMax} lines more`]
}
