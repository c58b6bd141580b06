// Tests whether an event matches a query. A query is prepared once and then tested on single events, cheap terms first, so that most
// events fail before they are parsed. Pure.
import { kindOf } from '../../src/protocol'
import { eventLine, eventTypes, type EventOf, type EventType, type TraceEvent } from '../../src/trace'
import type { Name, NameField, NumberField, Query, Range, Term } from './query'

/** The source of events. `typeAt` and `isHeartbeat` are cheap; the others parse a line. */
export interface SearchSource {
  eventAt(seq: number): TraceEvent | undefined
  typeAt(seq: number): EventType | undefined
  /** The event that sent the message of this event. */
  sentOf(event: TraceEvent): EventOf<'message-sent'> | undefined
  isHeartbeat(seq: number): boolean
}

/** Whether a search includes heartbeats and details, as the log does. A query that names them includes them anyway. */
export interface Scope {
  readonly heartbeats: boolean
  readonly details: boolean
}

/** Other common words for an event's type, besides the type itself and its last part. */
const otherWords: Partial<Record<EventType, readonly string[]>> = {
  'message-dropped': ['lost'], 'message-taken': ['delivered'], 'message-handed': ['handed-over'], 'message-delayed': ['late'], 'timer-fired': ['timer'],
}

/** True for types of little interest: hand-overs, timers and the like. */
export function isDetail(type: EventType): boolean {
  switch (type) {
    case 'message-handed':
    case 'timer-fired':
    case 'operation-started':
    case 'peer-lost': return true
    default: return false
  }
}

/** The words that `type:` accepts for an event type. */
export function typeWords(type: EventType): readonly string[] {
  const last = /^(?:message|node|operation)-(.+)$/.exec(type)?.[1]
  return [type, ...last === undefined ? [] : [last], ...otherWords[type] ?? []]
}

interface Looked {
  readonly event: TraceEvent
  readonly sent: EventOf<'message-sent'> | undefined
}

export class Matcher {
  readonly #source: SearchSource
  readonly #scope: Scope
  /** The types that pass all terms about types. */
  readonly #types = new Set<EventType>()
  readonly #ranges: readonly Extract<Term, { type: 'numbers' }>[]
  readonly #others: readonly Term[]

  constructor(query: Query, source: SearchSource, scope: Scope) {
    this.#source = source
    const asked = new Set(query.flatMap(askedFor))
    const asksAll = query.some((term) => term.type === 'numbers' && term.field === 'seq' && !term.isNot)
    this.#scope = { heartbeats: scope.heartbeats || asksAll || asked.has('heartbeats'), details: scope.details || asksAll || asked.has('details') }
    const ofTypes = query.filter((term): term is Extract<Term, { type: 'names' }> => term.type === 'names' && term.field === 'type')
    for (const type of eventTypes) if (ofTypes.every((term) => typeWords(type).some((word) => isNamed(term.names, word, true)) !== term.isNot)) this.#types.add(type)
    this.#ranges = query.filter((term): term is Extract<Term, { type: 'numbers' }> => term.type === 'numbers' && term.field === 'seq')
    this.#others = query.filter((term) => !(term.type === 'names' && term.field === 'type') && !(term.type === 'numbers' && term.field === 'seq'))
  }

  test(seq: number): boolean {
    const type = this.#source.typeAt(seq)
    if (type === undefined || !this.#types.has(type)) return false
    if (!this.#scope.heartbeats && this.#source.isHeartbeat(seq)) return false
    if (!this.#scope.details && isDetail(type)) return false
    if (!this.#ranges.every((term) => isInside(term.ranges, seq) !== term.isNot)) return false
    if (this.#others.length === 0) return true
    const event = this.#source.eventAt(seq)
    if (!event) return false
    const looked = { event, sent: event.type === 'message-sent' ? event : type.startsWith('message-') ? this.#source.sentOf(event) : undefined }
    return this.#others.every((term) => holds(term, looked) !== term.isNot)
  }
}

/** The kinds of events that a term names, and that the search must therefore include. */
function askedFor(term: Term): ('heartbeats' | 'details')[] {
  if (term.isNot) return []
  const texts = term.type === 'words' ? [term.text.toLowerCase()] : term.type === 'names' && (term.field === 'kind' || term.field === 'type') ? term.names.map((name) => name.text.toLowerCase()) : []
  return texts.flatMap((text) => {
    const isDetailWord = eventTypes.some((type) => isDetail(type) && typeWords(type).includes(text))
    const isBeat = text === 'ping' || text === 'view-reply' || (term.type === 'words' && /\bping\b/.test(text)) || text === 'timer' || text === 'timer-fired'
    return [...isBeat ? ['heartbeats' as const] : [], ...isDetailWord ? ['details' as const] : []]
  })
}

function holds(term: Term, looked: Looked): boolean {
  switch (term.type) {
    case 'words': {
      const { process, kind, text } = eventLine(looked.event, () => looked.sent)
      return `${process} ${kind} ${text}`.toLowerCase().includes(term.text.toLowerCase())
    }
    case 'names': return namesOf(term.field, looked).some((name) => isNamed(term.names, name, term.field !== 'key' && term.field !== 'value'))
    case 'numbers': return numbersOf(term.field, looked.event, looked.sent).some((value) => isInside(term.ranges, value))
  }
}

/** Keys and values are case-sensitive; `isLoose` ignores case, for all other fields. */
function isNamed(names: readonly Name[], found: string, isLoose: boolean): boolean {
  const other = isLoose ? found.toLowerCase() : found
  return names.some(({ text, isOpen }) => {
    const wanted = isLoose ? text.toLowerCase() : text
    return isOpen ? other.startsWith(wanted) : other === wanted
  })
}

function isInside(ranges: readonly Range[], value: number): boolean {
  return ranges.some((range) => {
    if (range.type === 'span') return value >= (range.from ?? -Infinity) && value <= (range.to ?? Infinity)
    switch (range.bound) {
      case '>': return value > range.value
      case '>=': return value >= range.value
      case '<': return value < range.value
      case '<=': return value <= range.value
    }
  })
}

function namesOf(field: NameField, { event, sent }: Looked): readonly string[] {
  switch (field) {
    case 'kind': return sent ? [kindOf(sent.message)] : typeWords(event.type)
    case 'type': return typeWords(event.type)
    case 'from': return sent ? [sent.from] : []
    case 'to': return sent ? [sent.to] : []
    case 'node': return [eventLine(event, () => sent).process]
    case 'client': return clientsOf(event, sent)
    case 'op': return operationsOf(event, sent).map(({ type }) => type)
    case 'key': return [...operationsOf(event, sent).map(({ key }) => key), ...entriesOf(sent).map(({ key }) => key)]
    case 'value': return [...operationsOf(event, sent).flatMap((operation) => 'value' in operation ? [operation.value] : []), ...entriesOf(sent).map(({ value }) => value), ...resultsOf(event, sent)]
    case 'rule': return event.type === 'violation' ? [event.rule, event.rule.replace(/^rule[ -]?/i, '')] : []
  }
}

type Sent = EventOf<'message-sent'> | undefined

/** The clients that an event is about, as client ids and names; a clientId begins with the name of its client. */
function clientsOf(event: TraceEvent, sent: Sent): string[] {
  if (event.type === 'operation-invoked' || event.type === 'operation-started' || event.type === 'operation-returned') return [event.node]
  const message = sent?.message
  if (!message || !('clientId' in message) || message.clientId === '') return []
  return [message.clientId, message.clientId.split('.')[0] as string]
}

function operationsOf(event: TraceEvent, sent: Sent): readonly { readonly type: string; readonly key: string; readonly value?: string }[] {
  if (event.type === 'operation-invoked') return event.operation.operation.type === 'call' ? [] : [event.operation.operation]
  const message = sent?.message
  return message?.type === 'request' || message?.type === 'forward' ? [message.operation] : []
}

function entriesOf(sent: Sent): readonly { readonly key: string; readonly value: string }[] {
  return sent?.message.type === 'state-transfer' ? sent.message.entries : []
}

function resultsOf(event: TraceEvent, sent: Sent): string[] {
  const result = event.type === 'operation-returned' ? (event.outcome.type === 'ok' ? event.outcome.result : undefined) : sent?.message.type === 'reply' ? sent.message.result : undefined
  return result?.type === 'value' ? [result.value] : []
}

function numbersOf(field: NumberField, event: TraceEvent, sent: Sent): number[] {
  switch (field) {
    case 'seq': return [event.seq]
    case 'at': return [event.at / 1_000_000]
    case 'view': return viewsOf(sent ? sent.message : event)
  }
}

function viewsOf(thing: object): number[] {
  if ('view' in thing && typeof thing.view === 'object' && thing.view !== null && 'viewnum' in thing.view) return [Number(thing.view.viewnum)]
  return 'viewnum' in thing ? [Number(thing.viewnum)] : []
}
