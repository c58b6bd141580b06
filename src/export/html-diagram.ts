// The space-time diagram of a report as SVG: lanes side by side, time downwards, one row for each thing that happened, in order. An arrow
// begins in the row of its sending and ends in that of its taking, so it shows what a sequence diagram cannot.
// It must say what it leaves out: pings that say nothing new, and all that comes after its last row.
import { counted, dropText, eventLine, grouped, messageText, viewText, type EventOf, type EventType, type TraceEvent } from '../trace'
import type { Scene } from './exporter'
import { escaped, utf8Length } from './html-text'
import type { MessageFacts } from './message-book'
import { PingFold } from './ping-fold'
import { secondsText } from './wording'

/** Rows of one diagram, and bytes of it with the log below it: a report stays under 5 MB. */
export const diagramRowsMax = 3_000
const diagramBytesMax = 2_600_000
/** Lanes of one diagram. */
const lanesMax = 60

const rowHeight = 16
const top = 44
const gutter = 84
const laneWidth = 132
/** What a row takes beside its texts, at most. */
const rowBytes = 250

/** How a lane looks from a row on: the life of its process, and the role that it believes it has. */
interface Segment {
  readonly fromY: number
  readonly look: string
}

/** A line of the log that stands under the diagram. */
export interface LoggedRow {
  readonly seq: number
  readonly at: number
  readonly process: string
  readonly text: string
}

export class SpaceTimeDiagram {
  readonly #scene: Scene
  readonly #lanes: readonly string[]
  readonly #laneOf: ReadonlyMap<string, number>
  readonly #segments: Segment[][]
  readonly #pings = new PingFold()
  /** The row of each sending that is drawn. */
  readonly #sentY = new WeakMap<EventOf<'message-sent'>, number>()
  readonly #parts: string[] = []
  readonly log: LoggedRow[] = []
  #rows = 0
  #bytes = 0
  #leftOut = 0
  #firstLeftOut = 0
  #lastAt = -1

  constructor(scene: Scene) {
    this.#scene = scene
    this.#lanes = scene.header.nodes.slice(0, lanesMax).map(({ name }) => name)
    this.#laneOf = new Map(this.#lanes.map((name, index) => [name, index]))
    this.#segments = this.#lanes.map(() => [])
  }

  before(event: TraceEvent): void {
    if (event.type === 'message-taken') this.#pings.remember(this.#scene.messages.find(event.id)?.sent)
  }

  begin(): void {
    for (const name of this.#lanes) this.#look(name, top)
  }

  take(event: TraceEvent): void {
    switch (event.type) {
      case 'message-sent': return this.#sent(event)
      case 'message-taken':
      case 'message-dropped': return this.#ended(event)
      default:
        if (rowTypes.has(event.type)) this.#happened(event)
    }
  }

  /** Sentences on what is not drawn. */
  get notes(): string[] {
    const notes: string[] = []
    if (this.#pings.count > 0) notes.push(`Folded: ${this.#pings.text}. They say what the one before them said.`)
    if (this.#leftOut > 0) {
      notes.push(`The diagram and the log end after ${counted(this.#rows, 'row')}: ${grouped(this.#leftOut)} more from event ${this.#firstLeftOut} on ${this.#leftOut === 1 ? 'is' : 'are'} left out. `
        + 'Export a range that begins there.')
    }
    const { length } = this.#scene.header.nodes
    if (length > lanesMax) notes.push(`The diagram has lanes for the first ${lanesMax} of ${length} nodes.`)
    return notes
  }

  *svg(): Generator<string> {
    const height = top + (this.#rows + 1) * rowHeight + 12
    const width = gutter + this.#lanes.length * laneWidth + 24
    yield `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="diagram-title diagram-text" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`
    yield '<title id="diagram-title">Space-time diagram</title><desc id="diagram-text">Lanes are processes, time runs downwards. The log below says the same in words.</desc>'
    yield '<defs><marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="head" d="M0 0L8 4L0 8z"/></marker></defs>'
    for (const [index, name] of this.#lanes.entries()) yield this.#lane(index, name, height - 12)
    yield* this.#parts
    for (const message of this.#scene.messages.underWay) yield this.#stillUnderWay(message, height - 16)
    yield '</svg>'
  }

  // ---- rows

  /** The y of a new row; undefined where the diagram is full. */
  #row(event: TraceEvent, process: string, text: string): number | undefined {
    if (this.#leftOut > 0 || this.#rows >= diagramRowsMax || this.#bytes >= diagramBytesMax) {
      if (this.#leftOut++ === 0) this.#firstLeftOut = event.seq
      return undefined
    }
    const y = top + ++this.#rows * rowHeight
    this.log.push({ seq: event.seq, at: event.at, process, text })
    // Its line in the log, and the title of the arrow that a sending may still get at the end.
    this.#bytes += utf8Length(escaped(text)) * (event.type === 'message-sent' ? 2 : 1) + rowBytes
    if (event.at !== this.#lastAt) this.#add(`<text class="time" x="4" y="${y + 4}">${secondsText(event.at)}</text>`)
    this.#lastAt = event.at
    return y
  }

  #add(part: string): void {
    this.#bytes += utf8Length(part)
    this.#parts.push(part)
  }

  #sent(event: EventOf<'message-sent'>): void {
    if (this.#pings.saysNothingNew(event) || !this.#laneOf.has(event.from) || !this.#laneOf.has(event.to)) return
    const y = this.#row(event, event.from, lineText(event, this.#scene))
    if (y === undefined) return
    this.#sentY.set(event, y)
    this.#add(`<circle class="sent" cx="${this.#x(event.from)}" cy="${y}" r="2"/>`)
  }

  #ended(event: EventOf<'message-taken'> | EventOf<'message-dropped'>): void {
    const message = this.#scene.messages.find(event.id)
    if (!message) return
    const isLost = event.type === 'message-dropped'
    const sentY = this.#sentY.get(message.sent)
    // Sent before the range, its sending is not drawn, and it may be news all the same.
    if (sentY === undefined && this.#pings.saysNothingNew(message.sent)) return this.#pings.fold(message.sent, isLost)
    if (!isLost) this.#pings.remember(message.sent)
    if (!this.#laneOf.has(message.sent.from) || !this.#laneOf.has(message.sent.to)) return
    const y = this.#row(event, isLost ? message.sent.from : message.sent.to, lineText(event, this.#scene))
    if (y === undefined) return
    this.#add(this.#arrow(message, sentY, y, isLost ? dropText(event.reason, message.sent.to) : null))
  }

  #happened(event: TraceEvent): void {
    const { process } = eventLine(event, this.#scene.messages.sentOf)
    const text = lineText(event, this.#scene)
    const y = this.#row(event, process, text)
    if (y === undefined) return
    if ('node' in event && event.node !== '') this.#look(event.node, y)
    const x = this.#laneOf.has(process) ? this.#x(process) : undefined
    const title = `<title>${escaped(`${secondsText(event.at)} s, event ${event.seq}: ${process} ${text}`)}</title>`
    if (event.type === 'view-changed') {
      this.#add(`<g class="view">${title}<path d="M${gutter - 4} ${y}H${gutter + this.#lanes.length * laneWidth}"/><text x="${gutter}" y="${y - 3}">${escaped(viewText(event.view))}</text></g>`)
    } else if (x === undefined) {
      this.#add(`<g class="lab ${event.type}">${title}<text x="${gutter}" y="${y + 4}">${escaped(shortText(text))}</text></g>`)
    } else {
      this.#add(`<g class="event ${event.type}">${title}<circle cx="${x}" cy="${y}" r="3"/><text x="${x + 7}" y="${y + 4}">${escaped(shortText(text))}</text></g>`)
    }
  }

  // ---- drawing

  #x(name: string): number {
    return gutter + ((this.#laneOf.get(name) ?? 0) + 0.4) * laneWidth
  }

  #look(name: string, y: number): void {
    const segments = this.#segments[this.#laneOf.get(name) ?? -1]
    const node = this.#scene.state.nodes.get(name)
    if (!segments || !node) return
    const look = `${node.life}${node.believes && (node.life === 'up' || node.life === 'paused') ? ` ${node.believes}` : ''}`
    if (segments.at(-1)?.look !== look) segments.push({ fromY: y, look })
  }

  #lane(index: number, name: string, bottom: number): string {
    const x = gutter + (index + 0.4) * laneWidth
    const segments = this.#segments[index] ?? []
    const lines = segments.map(({ fromY, look }, at) => `<path class="lane ${look}" d="M${x} ${fromY}V${segments[at + 1]?.fromY ?? bottom}"/>`)
    return `<text class="name" x="${x}" y="28">${escaped(name)}</text>${lines.join('')}`
  }

  #arrow(message: MessageFacts, sentY: number | undefined, y: number, lostBecause: string | null): string {
    const { sent, met, copiedBecause } = message
    const [fromX, toX] = [this.#x(sent.from), this.#x(sent.to)]
    const beginY = sentY ?? top
    // A lost message ends between the lanes.
    const [endX, endY] = lostBecause === null ? [toX, y] : [fromX + (toX - fromX) * 0.6, beginY + (y - beginY) * 0.6]
    const look = [lostBecause === null ? 'taken' : 'lost', ...met.length > 0 ? ['late'] : [], ...copiedBecause === '' ? [] : ['copy'], sent.message.type].join(' ')
    const more = [...copiedBecause === '' ? [] : [`copy, ${copiedBecause}`], ...met, ...lostBecause === null ? [] : [`lost: ${lostBecause}`], ...sentY === undefined ? ['sent before this range'] : []]
    const title = `${sent.message.type} ${messageText(sent.message)}, ${sent.from} to ${sent.to}, sent ${secondsText(sent.at)} s${more.map((text) => `; ${text}`).join('')}`
    const cross = lostBecause === null ? '' : `<path class="cross" d="M${round(endX) - 4} ${round(endY) - 4}l8 8m0 -8l-8 8"/>`
    const label = `<text x="${round(fromX + (toX - fromX) * 0.3)}" y="${round(beginY + (endY - beginY) * 0.3) - 3}">${escaped(sent.message.type)}${more.length > 0 && lostBecause === null ? '*' : ''}</text>`
    return `<g class="message ${look}"><title>${escaped(title)}</title><path class="arrow" d="M${fromX} ${beginY}L${round(endX)} ${round(endY)}"${lostBecause === null ? ' marker-end="url(#head)"' : ''}/>${cross}${label}</g>`
  }

  #stillUnderWay(message: MessageFacts, bottom: number): string {
    const { sent, met } = message
    const y = this.#sentY.get(sent)
    if (y === undefined) return ''
    const [fromX, toX] = [this.#x(sent.from), this.#x(sent.to)]
    const title = `${sent.message.type} ${messageText(sent.message)}, ${sent.from} to ${sent.to}, sent ${secondsText(sent.at)} s and not taken where this diagram ends${met.map((text) => `; ${text}`).join('')}`
    return `<g class="message open"><title>${escaped(title)}</title><path class="arrow" d="M${fromX} ${y}L${round(fromX + (toX - fromX) * 0.7)} ${Math.min(bottom, y + rowHeight)}"/></g>`
  }
}

const rowTypes: ReadonlySet<EventType> = new Set([
  'node-started', 'node-killed', 'node-exited', 'node-failed', 'node-paused', 'node-resumed', 'operation-invoked', 'operation-returned', 'frozen',
  'thawed', 'fault-added', 'fault-switched', 'fault-removed', 'scenario-step', 'lab-note', 'violation', 'view-changed', 'view-acked', 'ping-missed',
  'ping-resumed', 'stuck', 'role-changed', 'transfer-installed', 'note', 'superseded', 'message-held', 'peer-lost',
])

function lineText(event: TraceEvent, { messages }: Scene): string {
  const { kind, text } = eventLine(event, messages.sentOf)
  return text === '' ? kind : `${kind}: ${text}`
}

/** What fits beside a lane; the tooltip and the log have all of it. */
function shortText(text: string): string {
  return text.length <= 34 ? text : `${text.slice(0, 33)}…`
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

