// A sequence diagram as rows of text, the same for Mermaid and PlantUML: an arrow where a message is taken or lost, a note for what else
// happened. One arrow is one row, so an arrow cannot show that a message was long under way: its text says it.
// It must never cut silently: pings that say nothing new are counted, and what passes the limit of characters is counted and named.
import { counted, dropText, eventLine, messageText, type EventOf, type EventType, type TraceEvent } from '../trace'
import type { Format, Scene } from './exporter'
import type { MessageFacts } from './message-book'
import { PingFold } from './ping-fold'
import { stateText } from './state-text'
import { secondsText } from './wording'

/** Mermaid draws no text that is longer; PlantUML's pictures would end near there too. */
export const diagramCharactersMax = 50_000
/** Kept free for the notes at the end. */
const closingCharacters = 2_000
/** Lanes beyond this many are left out, and counted. */
const participantsMax = 60

export type ArrowKind = 'request' | 'answer' | 'lost'

/** How a language of diagrams writes each thing. Texts are raw; the dialect escapes them. Participants are indexes. */
export interface Dialect {
  head(participants: readonly string[]): string
  arrow(from: number, to: number, kind: ArrowKind, text: string): string
  /** Over one participant, or over all of them. */
  note(over: number | 'all', text: string): string
  readonly foot: string
}

export class SequenceFormat implements Format {
  readonly notes: string[] = []
  readonly #scene: Scene
  readonly #dialect: Dialect
  readonly #participants: readonly string[]
  readonly #indexes: ReadonlyMap<string, number>
  readonly #pings = new PingFold()
  #characters = 0
  #leftOut = 0
  #firstLeftOut = 0
  #outsideLanes = 0

  constructor(scene: Scene, dialect: Dialect) {
    this.#scene = scene
    this.#dialect = dialect
    this.#participants = scene.header.nodes.slice(0, participantsMax).map(({ name }) => name)
    this.#indexes = new Map(this.#participants.map((name, index) => [name, index]))
  }

  before(event: TraceEvent): void {
    if (event.type === 'message-taken') this.#pings.remember(this.#scene.messages.find(event.id)?.sent)
  }

  begin(): string {
    const { state, header, range } = this.#scene
    const from = range.from > 1 ? `From event ${range.from}, at ${secondsText(state.at)} s. ${stateText(state)}` : ''
    return this.#add(this.#dialect.head(this.#participants))
      + (header.title === '' ? '' : this.#add(this.#dialect.note('all', header.title)))
      + (from === '' ? '' : this.#add(this.#dialect.note('all', from)))
  }

  take(event: TraceEvent): string {
    const row = this.#rowOf(event)
    if (row === '') return ''
    if (this.#leftOut === 0 && this.#characters + row.length <= diagramCharactersMax - closingCharacters - this.#dialect.foot.length) return this.#add(row)
    if (this.#leftOut++ === 0) this.#firstLeftOut = event.seq
    return ''
  }

  *end(note: string): Generator<string> {
    if (this.#leftOut > 0) {
      this.notes.push(`Cut here at ${counted(diagramCharactersMax, 'character')}, the most that such a diagram has: ${counted(this.#leftOut, 'arrow or note', 'arrows and notes')}`
        + ` from event ${this.#firstLeftOut} to event ${this.#scene.state.seq} are left out. Choose a range that begins there, or a shorter one.`)
    }
    if (this.#pings.count > 0) this.notes.push(`Folded: ${this.#pings.text}. They say what the one before them said.`)
    if (this.#outsideLanes > 0) this.notes.push(`${counted(this.#outsideLanes, 'message')} of nodes that have no lane here ${this.#outsideLanes === 1 ? 'is' : 'are'} left out.`)
    const underWay = this.#leftOut === 0 ? this.#underWayText() : ''
    for (const text of [...this.notes, underWay, note]) if (text !== '') yield this.#dialect.note('all', text)
    yield this.#dialect.foot
  }

  #add(text: string): string {
    this.#characters += text.length
    return text
  }

  #rowOf(event: TraceEvent): string {
    switch (event.type) {
      case 'message-taken': return this.#arrow(event, this.#scene.messages.find(event.id))
      case 'message-dropped': return this.#arrow(event, this.#scene.messages.find(event.id))
      case 'message-held': {
        const message = this.#scene.messages.find(event.id)
        return message ? this.#note(message.sent.to, `${nameOf(message)} from ${message.sent.from} is held by ${event.reason}`) : ''
      }
      // The end of a process that was killed is no news.
      case 'node-exited': return this.#scene.state.nodes.get(event.node)?.wasKilled ? '' : this.#event(event)
      default: return notedTypes.has(event.type) ? this.#event(event) : ''
    }
  }

  #event(event: TraceEvent): string {
    const { process, kind, text } = eventLine(event, this.#scene.messages.sentOf)
    return this.#note(process, `${kind}: ${text}`)
  }

  #note(node: string, text: string): string {
    return this.#dialect.note(this.#indexes.get(node) ?? 'all', text)
  }

  #arrow(event: EventOf<'message-taken'> | EventOf<'message-dropped'>, message: MessageFacts | undefined): string {
    if (!message) return event.type === 'message-taken' ? this.#note(event.node, `takes ${event.id}, of which nothing else is known here`) : ''
    const isLost = event.type === 'message-dropped'
    if (this.#pings.saysNothingNew(message.sent)) {
      this.#pings.fold(message.sent, isLost)
      return ''
    }
    // What was lost told nobody anything: the same said again is still news.
    if (!isLost) this.#pings.remember(message.sent)
    const { from, to, message: content } = message.sent
    const [fromIndex, toIndex] = [this.#indexes.get(from), this.#indexes.get(to)]
    if (fromIndex === undefined || toIndex === undefined) {
      this.#outsideLanes++
      return ''
    }
    const text = [nameOf(message), messageText(content), this.#fate(message), isLost ? `lost: ${dropText(event.reason, to)}` : '']
    return this.#dialect.arrow(fromIndex, toIndex, isLost ? 'lost' : answers.has(content.type) ? 'answer' : 'request', text.filter((part) => part !== '').join(' '))
  }

  /** What an arrow cannot show: that it is a copy, late, was held, or was sent by a life that is over, or before the range. */
  #fate(message: MessageFacts): string {
    const { sent, copiedBecause, met } = message
    const parts = [...copiedBecause === '' ? [] : [`copy, ${copiedBecause}`], ...met]
    const sender = this.#scene.state.nodes.get(sent.from)
    if (sent.seq < this.#scene.range.from) parts.push(`sent before this range, at ${secondsText(sent.at)} s`)
    else if (met.length > 0) parts.push(`sent at ${secondsText(sent.at)} s`)
    if (sender && (sender.life === 'dead' || sender.startedAt > sent.at)) parts.push(`its sender has ended since`)
    return parts.length === 0 ? '' : `(${parts.join('; ')})`
  }

  #underWayText(): string {
    const all = [...this.#scene.messages.underWay].filter((message) => !this.#pings.saysNothingNew(message.sent))
    if (all.length === 0) return ''
    const named = all.slice(0, 5).map((message) => `${nameOf(message)} ${message.sent.from} to ${message.sent.to}${message.met.length === 0 ? '' : `, ${message.met.join(', ')}`}`)
    return `Still under way: ${named.join('; ')}${all.length > 5 ? `; and ${all.length - 5} more` : ''}.`
  }
}

const answers: ReadonlySet<string> = new Set([
  'view-reply', 'superseded', 'query-reply', 'reply', 'rejected', 'not-yet', 'forward-ack', 'state-transfer-ack', 'restarted',
])

const notedTypes: ReadonlySet<EventType> = new Set([
  'node-started', 'node-killed', 'node-failed', 'node-paused', 'node-resumed', 'operation-invoked', 'operation-returned', 'frozen', 'thawed',
  'fault-added', 'fault-switched', 'fault-removed', 'scenario-step', 'workload-started', 'workload-stopped', 'lab-note', 'violation', 'view-changed',
  'view-acked', 'ping-missed', 'ping-resumed', 'stuck', 'role-changed', 'transfer-installed', 'note', 'superseded',
])

function nameOf({ sent }: MessageFacts): string {
  return sent.message.type
}
