// A sequence diagram as rows of text, the same for Mermaid and PlantUML: an arrow where a message is taken or lost, a note for other events.
// An arrow is one row, so it cannot show that a message was long in flight: its text says so.
// It must never cut silently: repeated pings are counted, and rows beyond the character limit are counted and named.
import { kindOf } from '../protocol'
import { counted, dropText, eventLine, messageText, type EventOf, type EventType, type TraceEvent } from '../trace'
import type { Format, Scene } from './exporter'
import type { MessageFacts } from './message-book'
import { PingFold } from './ping-fold'
import { stateText } from './state-text'
import { secondsText } from './wording'

/** Mermaid draws no longer text, and a longer PlantUML picture would not be readable either. */
export const diagramCharactersMax = 50_000
/** Reserved for the notes at the end. */
const closingCharacters = 2_000
/** Further lanes are left out and counted. */
const participantsMax = 60

export type ArrowKind = 'request' | 'answer' | 'lost'

/** How a diagram language writes each thing. Texts are raw: the dialect escapes them. Participants are indexes. */
export interface Dialect {
  head(participants: readonly string[]): string
  arrow(from: number, to: number, kind: ArrowKind, text: string): string
  /** A note over one participant, or over all of them. */
  note(over: number | 'all', text: string): string
  readonly foot: string
  /** For a language whose pictures have a limit that the text does not show. */
  readonly picture?: Picture
}

/** Estimates the picture that will be drawn, while it grows. */
export interface Picture {
  /** Adds a row; returns a note to write after it over all lanes, mostly none. */
  grew(row: Row): string
  /** At the end: a sentence on what a picture would not show; empty if it shows everything. */
  readonly note: string
}

/** A row of the diagram: its content, and the text for it. */
export interface Row {
  readonly isArrow: boolean
  /** The participants that it joins, or the first and the last that a note covers. */
  readonly between: readonly [from: number, to: number]
  readonly says: string
  readonly text: string
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
  #arrows = 0
  #notesTold = 0

  constructor(scene: Scene, dialect: Dialect) {
    this.#scene = scene
    this.#dialect = dialect
    this.#participants = scene.header.nodes.slice(0, participantsMax).map(({ name }) => name)
    this.#indexes = new Map(this.#participants.map((name, index) => [name, index]))
  }

  get told(): string {
    return `${counted(this.#arrows, 'arrow')} and ${counted(this.#notesTold, 'note')}`
  }

  before(event: TraceEvent): void {
    if (event.type === 'message-taken') this.#pings.remember(this.#scene.messages.find(event.id)?.sent)
  }

  begin(): string {
    const { state, header, range } = this.#scene
    const from = range.from > 1 ? `From event ${range.from}, at ${secondsText(state.at)} s. ${stateText(state)}` : ''
    return this.#add(this.#dialect.head(this.#participants))
      + [header.title, from].map((text) => text === '' ? '' : this.#write(this.#note('', text))).join('')
  }

  take(event: TraceEvent): string {
    const row = this.#rowOf(event)
    if (row === undefined) return ''
    if (this.#leftOut === 0 && this.#characters + row.text.length <= diagramCharactersMax - closingCharacters - this.#dialect.foot.length) return this.#write(row)
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
    const inFlight = this.#leftOut === 0 ? this.#inFlightText() : ''
    for (const text of [...this.notes, inFlight, note]) if (text !== '') yield this.#write(this.#note('', text))
    yield this.#dialect.foot
    const ofPicture = this.#dialect.picture?.note ?? ''
    if (ofPicture !== '') this.notes.push(ofPicture)
  }

  #write(row: Row): string {
    if (row.isArrow) this.#arrows++
    else this.#notesTold++
    const more = this.#dialect.picture?.grew(row) ?? ''
    return this.#add(row.text) + (more === '' ? '' : this.#write(this.#note('', more)))
  }

  #add(text: string): string {
    this.#characters += text.length
    return text
  }

  #rowOf(event: TraceEvent): Row | undefined {
    switch (event.type) {
      case 'message-taken': return this.#arrow(event, this.#scene.messages.find(event.id))
      case 'message-dropped': return this.#arrow(event, this.#scene.messages.find(event.id))
      case 'message-held': {
        const message = this.#scene.messages.find(event.id)
        return message ? this.#note(message.sent.to, `${nameOf(message)} from ${message.sent.from} is held by ${event.reason}`) : undefined
      }
      // The exit of a process that was killed repeats the kill.
      case 'node-exited': return this.#scene.state.nodes.get(event.node)?.wasKilled ? undefined : this.#event(event)
      default: return notedTypes.has(event.type) ? this.#event(event) : undefined
    }
  }

  #event(event: TraceEvent): Row {
    const { process, kind, text } = eventLine(event, this.#scene.messages.sentOf)
    return this.#note(process, `${kind}: ${text}`)
  }

  #note(node: string, says: string): Row {
    const over = this.#indexes.get(node)
    return { isArrow: false, between: [over ?? 0, over ?? this.#participants.length - 1], says, text: this.#dialect.note(over ?? 'all', says) }
  }

  #arrow(event: EventOf<'message-taken'> | EventOf<'message-dropped'>, message: MessageFacts | undefined): Row | undefined {
    if (!message) {
      return event.type === 'message-taken' ? this.#note(event.node, `takes ${event.id}, of which nothing else is known here`)
        : this.#note('', `${event.id}, of which nothing else is known here, is lost: ${dropText(event.reason, 'its receiver')}`)
    }
    const isLost = event.type === 'message-dropped'
    if (this.#pings.saysNothingNew(message.sent)) {
      this.#pings.fold(message.sent, isLost)
      return undefined
    }
    // A lost message was not received, so the same content later is still news.
    if (!isLost) this.#pings.remember(message.sent)
    const { from, to, message: content } = message.sent
    const [fromIndex, toIndex] = [this.#indexes.get(from), this.#indexes.get(to)]
    if (fromIndex === undefined || toIndex === undefined) {
      this.#outsideLanes++
      return undefined
    }
    const parts = [nameOf(message), messageText(content), this.#fate(message), isLost ? `lost: ${dropText(event.reason, to)}` : '']
    const says = parts.filter((part) => part !== '').join(' ')
    return { isArrow: true, between: [fromIndex, toIndex], says, text: this.#dialect.arrow(fromIndex, toIndex, isLost ? 'lost' : answers.has(content.type) ? 'answer' : 'request', says) }
  }

  /** What an arrow cannot show: that the message is a copy, late or held, or that it was sent before the range or by an ended incarnation. */
  #fate(message: MessageFacts): string {
    const { sent, copiedBecause, met } = message
    const parts = [...copiedBecause === '' ? [] : [`copy, ${copiedBecause}`], ...met]
    const sender = this.#scene.state.nodes.get(sent.from)
    if (sent.seq < this.#scene.range.from) parts.push(`sent before this range, at ${secondsText(sent.at)} s`)
    else if (met.length > 0) parts.push(`sent at ${secondsText(sent.at)} s`)
    if (sender && (sender.life === 'dead' || sender.startedAt > sent.at)) parts.push(`its sender has ended since`)
    return parts.length === 0 ? '' : `(${parts.join('; ')})`
  }

  #inFlightText(): string {
    const all = [...this.#scene.messages.inFlight].filter((message) => !this.#pings.saysNothingNew(message.sent))
    if (all.length === 0) return ''
    const named = all.slice(0, 5).map((message) => `${nameOf(message)} ${message.sent.from} to ${message.sent.to}${message.met.length === 0 ? '' : `, ${message.met.join(', ')}`}`)
    return `Still in flight: ${named.join('; ')}${all.length > 5 ? `; and ${all.length - 5} more` : ''}.`
  }
}

const answers: ReadonlySet<string> = new Set([
  'view-reply', 'superseded', 'query-reply', 'reply', 'rejected', 'not-yet', 'forward-ack', 'state-transfer-ack', 'restarted',
])

const notedTypes: ReadonlySet<EventType> = new Set([
  'node-started', 'node-killed', 'node-failed', 'node-paused', 'node-resumed', 'operation-invoked', 'operation-returned', 'frozen', 'thawed',
  'fault-added', 'fault-switched', 'fault-removed', 'scenario-step', 'workload-started', 'workload-stopped', 'stalled', 'lab-note', 'violation', 'view-changed',
  'view-acked', 'ping-missed', 'ping-resumed', 'stuck', 'role-changed', 'transfer-installed', 'note', 'superseded', 'break-added', 'break-removed', 'branched',
  'peer-lost', 'message-released', 'acted', 'program-level', 'state-told', 'line-refused', 'program-said',
])

function nameOf({ sent }: MessageFacts): string {
  return kindOf(sent.message)
}
