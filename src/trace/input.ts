// Reads a machine's input back from its event, to replay a recording. No other file may do so:
// a replayed input must be the same as the driver's, to the last bit.
import { startOf, type Input, type Start } from '../protocol'
import { senderAs, type EventOf, type TraceEvent, type TraceHeader } from './event'
import { messageOf, operationInputOf } from './recorded'

type StepInput = Exclude<Input, Start>

/** What a start needs of the recording's header. */
type OfCluster = Pick<TraceHeader, 'settings' | 'dialect'>

/** The start of the incarnation that this event begins. */
export function startOfEvent({ node, kind, incarnation, seed }: EventOf<'node-started'>, { settings, dialect }: OfCluster): Start {
  return startOf({ name: node, kind, incarnation, settings, seed, dialect })
}

/** The input of a receiver that takes this message. Throws a RangeError for a value that cannot be read. */
export function messageInputOf(sent: Pick<EventOf<'message-sent'>, 'from' | 'fromAs' | 'message'>): StepInput {
  return { type: 'message', from: senderAs(sent), message: messageOf(sent.message) }
}

/** The input of this event. A start and a message need more than the event (see above). Throws a RangeError for a value that cannot be read. */
export function stepInputOf(event: EventOf<'timer-fired' | 'peer-lost' | 'operation-invoked'>): StepInput {
  switch (event.type) {
    case 'timer-fired': return { type: 'timer', name: event.name }
    case 'peer-lost': return { type: 'peer-lost', peer: event.peer }
    case 'operation-invoked': return operationInputOf(event.operation)
  }
}

/** The input of any event. `sentOf` finds the message that was taken; undefined for an event that is no input, and for an unknown message. */
export function inputOf(event: TraceEvent, cluster: OfCluster, sentOf: (event: EventOf<'message-taken'>) => EventOf<'message-sent'> | undefined): Input | undefined {
  switch (event.type) {
    case 'node-started': return startOfEvent(event, cluster)
    case 'message-taken': {
      const sent = sentOf(event)
      return sent && messageInputOf(sent)
    }
    case 'timer-fired':
    case 'peer-lost':
    case 'operation-invoked': return stepInputOf(event)
    default: return undefined
  }
}
