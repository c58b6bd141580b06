// The space-time diagram of a report as SVG: lanes side by side, time downwards, one row per event, in order. An arrow begins in the row of
// the sending and ends in the row of the taking, so it shows how long a message was in flight. It is drawn in bands, because paper would cut
// a taller picture or leave pages empty (html-bands.ts).
// It must never leave out anything silently: repeated pings are counted, and so is all that comes after its last row.
import { kindOf } from '../protocol'
import { counted, dropText, eventLine, grouped, messageText, viewText, type EventOf, type EventType, type TraceEvent } from '../trace'
import type { Scene } from './exporter'
import { Bands, edgeBelow, lastLabels, laneWidthOf, textWidth } from './html-bands'
import { escaped, utf8Length } from './html-text'
import type { MessageFacts } from './message-book'
import { PingFold } from './ping-fold'
import { secondsText } from './wording'

/** The most rows of a diagram, and the most bytes of it with its log: a report stays under 5 MB. */
export const diagramRowsMax = 3_000
const diagramBytesMax = 2_600_000
/** The most lanes of a diagram. */
const lanesMax = 60

const rowHeight = 16
const top = 44
const gutter = 84
/** The space right of the last lane and its texts. */
const margin = 14
/** The space below the last row. */
const air = 26
/** The most characters of a text beside its lane, and of one without a lane, which has nothing to its right. */
const laneCharacters = 34
const labCharacters = 90
/** The approximate width of a character of a name. */
const nameCharacter = 7.6
/** The most bytes that a row takes besides its texts. */
const rowBytes = 250

/** How a lane is drawn from a height on: whether its process lives, and the role that it believes it has. */
interface Segment {
  readonly fromY: number
  readonly look: string
}

/** A line of the log under the diagram. */
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
  /** The height of each drawn sending. */
  readonly #sentY = new WeakMap<EventOf<'message-sent'>, number>()
  /** The height of a folded sending, which repeats earlier contents. If another message overtakes it, it is drawn after all. */
  readonly #foldedY = new WeakMap<EventOf<'message-sent'>, number>()
  readonly #laneWidth: number
  readonly #bands: Bands
  /** The right end of the text that reaches farthest; at least the room for the labels of the last lane. */
  #right: number
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
    this.#laneWidth = laneWidthOf(this.#lanes.length, gutter)
    this.#right = gutter + this.#lanes.length * this.#laneWidth + lastLabels
    this.#bands = new Bands(top, rowHeight, this.#right + margin)
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

  get rows(): number {
    return this.#rows
  }

  *svg(): Generator<string> {
    const lastRow = top + this.#rows * rowHeight
    // The space below the last row must not get a band, and so a page, of its own.
    const bottom = lastRow + (this.#bands.at(lastRow + air) === this.#bands.at(lastRow) ? air : edgeBelow)
    for (const message of this.#scene.messages.inFlight) this.#stillInFlight(message, bottom)
    const width = Math.ceil(this.#right + margin)
    const names = this.#lanes.map((name, index) => this.#name(index, name)).join('')
    const bands = [...this.#bands.cut(bottom)]
    for (const [index, { fromY, toY, parts }] of bands.entries()) {
      // When printed, each band may begin a page.
      if (index > 0) yield `<div class="band"><svg class="again" aria-hidden="true" width="${width}" height="${top - 8}" viewBox="0 0 ${width} ${top - 8}">${names}</svg>`
      else yield '<div class="band">'
      yield `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="Space-time diagram${bands.length > 1 ? `, part ${index + 1} of ${bands.length}` : ''}" width="${width}" height="${toY - fromY}" viewBox="0 ${fromY} ${width} ${toY - fromY}">`
      if (index === 0) {
        yield '<desc>Lanes are processes, time runs downwards. The log below says the same in words.</desc>'
        yield `<defs><marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="head" d="M0 0L8 4L0 8z"/></marker></defs>${names}`
      }
      for (const lane of this.#lanes.keys()) yield this.#lane(lane, fromY, Math.min(toY, bottom))
      yield* parts
      yield '</svg></div>'
    }
  }

  // ---- rows

  /** The y of a new row; undefined once the diagram is full. */
  #row(event: TraceEvent, process: string, text: string): number | undefined {
    if (this.#leftOut > 0 || this.#rows >= diagramRowsMax || this.#bytes >= diagramBytesMax) {
      if (this.#leftOut++ === 0) this.#firstLeftOut = event.seq
      return undefined
    }
    const y = top + ++this.#rows * rowHeight
    this.log.push({ seq: event.seq, at: event.at, process, text })
    // The text is in the log, and possibly again in the title of the arrow that ends a sending.
    this.#bytes += utf8Length(escaped(text)) * (event.type === 'message-sent' ? 2 : 1) + rowBytes
    if (event.at !== this.#lastAt) this.#draw(y, `<text class="time" x="4" y="${y + 4}">${secondsText(event.at)}</text>`)
    this.#lastAt = event.at
    return y
  }

  /** Draws a part at one height, or one that reaches from one height to another. */
  #draw(y: number, part: string, toY = y): void {
    this.#bytes += utf8Length(part) * this.#bands.add(part, y, toY)
  }

  /** A text; the diagram grows to fit it beside the last lane. */
  #text(x: number, y: number, text: string, isBold = false): string {
    this.#right = Math.max(this.#right, x + textWidth(text) * (isBold ? 1.1 : 1))
    return `<text x="${round(x)}" y="${round(y)}">${escaped(text)}</text>`
  }

  #sent(event: EventOf<'message-sent'>): void {
    if (!this.#laneOf.has(event.from) || !this.#laneOf.has(event.to)) return
    if (this.#pings.saysNothingNew(event)) return void this.#foldedY.set(event, top + this.#rows * rowHeight)
    const y = this.#row(event, event.from, lineText(event, this.#scene))
    if (y === undefined) return
    this.#sentY.set(event, y)
    this.#draw(y, `<circle class="sent" cx="${this.#x(event.from)}" cy="${y}" r="2"/>`)
  }

  #ended(event: EventOf<'message-taken'> | EventOf<'message-dropped'>): void {
    const message = this.#scene.messages.find(event.id)
    if (!message) return
    const isLost = event.type === 'message-dropped'
    const sentY = this.#sentY.get(message.sent)
    // The sending was before the range and is not drawn; the message may be news all the same.
    if (sentY === undefined && this.#pings.saysNothingNew(message.sent)) return this.#pings.fold(message.sent, isLost)
    if (!isLost) this.#pings.remember(message.sent)
    if (!this.#laneOf.has(message.sent.from) || !this.#laneOf.has(message.sent.to)) return
    const y = this.#row(event, isLost ? message.sent.from : message.sent.to, lineText(event, this.#scene))
    if (y === undefined) return
    this.#arrow(message, sentY ?? this.#foldedY.get(message.sent), y, isLost ? dropText(event.reason, message.sent.to) : null)
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
      this.#draw(y, `<g class="view">${title}<path d="M${gutter - 4} ${y}H${gutter + this.#lanes.length * this.#laneWidth}"/>${this.#text(gutter, y - 2, viewText(event.view), true)}</g>`)
    } else if (x === undefined) {
      this.#draw(y, `<g class="lab ${event.type}">${title}${this.#text(gutter, y + 4, shortText(text, labCharacters))}</g>`)
    } else {
      this.#draw(y, `<g class="event ${event.type}">${title}<circle cx="${x}" cy="${y}" r="3"/>${this.#text(x + 7, y + 4, shortText(text))}</g>`)
    }
  }

  // ---- drawing

  #x(name: string): number {
    return this.#laneX(this.#laneOf.get(name) ?? 0)
  }

  #laneX(index: number): number {
    return round(gutter + (index + 0.4) * this.#laneWidth)
  }

  #look(name: string, y: number): void {
    const segments = this.#segments[this.#laneOf.get(name) ?? -1]
    const node = this.#scene.state.nodes.get(name)
    if (!segments || !node) return
    const look = escaped(`${node.life}${node.believes && (node.life === 'up' || node.life === 'paused') ? ` ${node.believes}` : ''}`)
    if (segments.at(-1)?.look !== look) segments.push({ fromY: y, look })
  }

  /** The part of a lane between two heights. */
  #lane(index: number, fromY: number, toY: number): string {
    const x = this.#laneX(index)
    const segments = this.#segments[index] ?? []
    return segments.map(({ fromY: begin, look }, at) => {
      const [beginY, endY] = [Math.max(begin, fromY), Math.min(segments[at + 1]?.fromY ?? Infinity, toY)]
      return endY > beginY ? `<path class="lane ${look}" d="M${x} ${beginY}V${endY}"/>` : ''
    }).join('')
  }

  /** Names alternate between two heights if one is wider than its lane. A very long one loses its middle: names mostly differ at their ends. */
  #name(index: number, name: string): string {
    const isWide = this.#lanes.some((each) => each.length * nameCharacter > this.#laneWidth)
    const most = Math.floor((isWide ? 2 : 1) * this.#laneWidth / nameCharacter)
    const shown = name.length <= most ? name : `${name.slice(0, Math.ceil(most / 2) - 1)}…${name.slice(name.length - Math.floor(most / 2))}`
    const title = shown === name ? '' : `<title>${escaped(name)}</title>`
    return `<text class="name" x="${this.#laneX(index)}" y="${isWide && index % 2 === 1 ? 14 : 28}">${title}${escaped(shown)}</text>`
  }

  #arrow(message: MessageFacts, sentY: number | undefined, y: number, lostBecause: string | null): void {
    const { sent, met, copiedBecause } = message
    const [fromX, toX] = [this.#x(sent.from), this.#x(sent.to)]
    const beginY = sentY ?? top
    // The arrow of a lost message ends between the lanes.
    const [endX, endY] = lostBecause === null ? [toX, y] : [round(fromX + (toX - fromX) * 0.6), round(beginY + (y - beginY) * 0.6)]
    const look = [lostBecause === null ? 'taken' : 'lost', ...met.length > 0 ? ['late'] : [], ...copiedBecause === '' ? [] : ['copy'], escaped(sent.message.type)].join(' ')
    const more = [...copiedBecause === '' ? [] : [`copy, ${copiedBecause}`], ...met, ...lostBecause === null ? [] : [`lost: ${lostBecause}`], ...sentY === undefined ? ['sent before this range'] : []]
    const title = `${kindOf(sent.message)} ${messageText(sent.message)}, ${sent.from} to ${sent.to}, sent ${secondsText(sent.at)} s${more.map((text) => `; ${text}`).join('')}`
    const cross = lostBecause === null ? '' : `<path class="cross" d="M${round(endX - 4)} ${round(endY - 4)}l8 8m0 -8l-8 8"/>`
    const labelY = beginY + (endY - beginY) * 0.3 - 3
    const label = this.#text(fromX + (toX - fromX) * 0.3, labelY, `${kindOf(sent.message)}${more.length > 0 && lostBecause === null ? '*' : ''}`)
    const line = `<path class="arrow" d="M${fromX} ${beginY}L${endX} ${endY}"`
    // The band where it ends has the whole arrow; the bands that it crosses have its line, and its label if it is there.
    const isShort = this.#bands.at(labelY) === this.#bands.at(endY)
    this.#draw(endY, `<g class="message ${look}"><title>${escaped(title)}</title>${line}${lostBecause === null ? ' marker-end="url(#head)"' : ''}/>${cross}${isShort ? label : ''}</g>`)
    if (!isShort) this.#draw(labelY, `<g class="label">${label}</g>`)
    this.#bytes += this.#bands.addThrough(`<g class="through ${look}">${line}/></g>`, beginY, endY)
  }

  #stillInFlight(message: MessageFacts, bottom: number): void {
    const { sent, met } = message
    const y = this.#sentY.get(sent)
    if (y === undefined) return
    const [fromX, toX] = [this.#x(sent.from), this.#x(sent.to)]
    const title = `${kindOf(sent.message)} ${messageText(sent.message)}, ${sent.from} to ${sent.to}, sent ${secondsText(sent.at)} s and not taken where this diagram ends${met.map((text) => `; ${text}`).join('')}`
    this.#draw(y, `<g class="message open"><title>${escaped(title)}</title><path class="arrow" d="M${fromX} ${y}L${round(fromX + (toX - fromX) * 0.7)} ${Math.min(bottom, y + rowHeight)}"/></g>`)
  }
}

const rowTypes: ReadonlySet<EventType> = new Set([
  'node-started', 'node-killed', 'node-exited', 'node-failed', 'node-paused', 'node-resumed', 'operation-invoked', 'operation-returned', 'frozen',
  'thawed', 'fault-added', 'fault-switched', 'fault-removed', 'scenario-step', 'stalled', 'lab-note', 'violation', 'view-changed', 'view-acked', 'ping-missed',
  'ping-resumed', 'stuck', 'role-changed', 'transfer-installed', 'note', 'superseded', 'message-held', 'message-released', 'peer-lost', 'break-added', 'break-removed',
  'branched', 'workload-started', 'workload-stopped', 'acted', 'program-level', 'state-told', 'line-refused', 'program-said',
])

function lineText(event: TraceEvent, { messages }: Scene): string {
  const { kind, text } = eventLine(event, messages.sentOf)
  return text === '' ? kind : `${kind}: ${text}`
}

/** The part of a text that fits beside a lane; the tooltip and the log have all of it. */
function shortText(text: string, most = laneCharacters): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
