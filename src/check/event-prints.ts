// What an event says, as two numbers, so that millions of events can be compared: `whole` of everything that a node could see of it,
// `shape` of what it is about. Not in them: when it happened, numbers that only count what came before (steps, ids), what a machine
// adds (pids). A message's fate is printed with what the message says, not with its id. Pure; keeps the prints of messages under way.
import { isHeartbeatMessage, isHeartbeatTimer, type TraceEvent } from '../trace'

/** The prints of a recording's events: event `seq` is at index `seq - 1`. Plain arrays of numbers, which threads hand on. */
export interface Prints {
  readonly laneNames: readonly string[]
  /** Indices into `laneNames`. */
  readonly lanes: Uint16Array
  readonly shapes: Uint32Array
  readonly wholes: Uint32Array
  /** 1 for a heartbeat. */
  readonly beats: Uint8Array
  /** For an event about a message the seq of its sending, else 0. */
  readonly sent: Uint32Array
}

/**
 * Lanes are orders that owe nothing to how processes happened to run beside one another: what a node took and did, what became of a
 * process, what a link did to its messages; and this one, what people and the lab did.
 */
export const labLane = 'the lab'
/** As many lanes as a column can number; recordings have some dozens. */
const lanesMax = 65_535

/** Fields that are no part of what happened. */
const leftOut: ReadonlySet<string> = new Set(['seq', 'at', 'wall', 'step', 'pid', 'id', 'of', 'armed', 'stderr', 'remainingMs', 'operationId', 'address', 'createdAt', 'freeze', 'metBy', 'evidence'])
/** Fields whose words may differ in events that are about the same; `seq` of a message is one too, as all numbers are. */
const wordsOnly: ReadonlySet<string> = new Set(['value', 'actual', 'expected', 'text', 'detail', 'reason', 'clientId', 'title'])

interface Payload {
  readonly seq: number
  readonly link: string
  readonly print: Print
  readonly isBeat: boolean
}

interface Print {
  shape: number
  whole: number
}

export class EventPrinter {
  readonly #lanes = new Map<string, number>()
  readonly #underWay = new Map<string, Payload>()
  #count = 0
  #columns = emptyColumns(1024)

  /** Takes the next event. Throws a RangeError on more lanes than any cluster has. */
  take(event: TraceEvent): void {
    const at = this.#count++
    if (at >= this.#columns.beats.length) this.#columns = grown(this.#columns)
    const payload = this.#payloadOf(event)
    const print = printOf(event, payload?.print)
    this.#columns.lanes[at] = this.#lane(laneOf(event, payload))
    this.#columns.shapes[at] = print.shape
    this.#columns.wholes[at] = print.whole
    this.#columns.sent[at] = payload?.seq ?? 0
    this.#columns.beats[at] = Number(event.type === 'timer-fired' ? isHeartbeatTimer(event.name) : payload?.isBeat ?? false)
  }

  /** The prints of all events so far. */
  prints(): Prints {
    const { lanes, shapes, wholes, beats, sent } = this.#columns
    const cut = <Column extends Uint8Array | Uint16Array | Uint32Array>(column: Column): Column => column.slice(0, this.#count) as Column
    return { laneNames: [...this.#lanes.keys()], lanes: cut(lanes), shapes: cut(shapes), wholes: cut(wholes), beats: cut(beats), sent: cut(sent) }
  }

  #payloadOf(event: TraceEvent): Payload | undefined {
    switch (event.type) {
      case 'message-sent': {
        const payload = { seq: event.seq, link: `${event.from} → ${event.to}`, print: printValue({ from: event.from, to: event.to, message: event.message }), isBeat: isHeartbeatMessage(event.message) }
        this.#underWay.set(event.id, payload)
        return payload
      }
      case 'message-duplicated': {
        const payload = this.#underWay.get(event.of)
        if (payload) this.#underWay.set(event.id, payload)
        return payload
      }
      case 'message-taken':
      case 'message-dropped': {
        const payload = this.#underWay.get(event.id)
        this.#underWay.delete(event.id)
        return payload
      }
      case 'message-handed':
      case 'message-delayed':
      case 'message-held':
      case 'message-released': return this.#underWay.get(event.id)
      default: return undefined
    }
  }

  #lane(name: string): number {
    const known = this.#lanes.get(name)
    if (known !== undefined) return known
    if (this.#lanes.size >= lanesMax) throw new RangeError('too many lanes')
    this.#lanes.set(name, this.#lanes.size)
    return this.#lanes.size - 1
  }
}

/** A node's own lane has its steps alone: when its process is killed or a message waits for it is for others to decide. */
function laneOf(event: TraceEvent, payload: Payload | undefined): string {
  if (event.type === 'message-sent') return event.from
  if (event.type === 'message-taken') return event.node
  if (event.type.startsWith('message-')) return payload?.link ?? labLane
  if (!('node' in event) || event.node === '') return labLane
  return 'step' in event ? event.node : `the process of ${event.node}`
}

function printOf(event: TraceEvent, payload: Print | undefined): Print {
  if (payload === undefined) return printValue(event)
  // A sent message says all that is known of it; a fate adds what became of it.
  const own = event.type === 'message-sent' ? printValue(event.type) : printValue(event)
  return { shape: mix(own.shape, payload.shape), whole: mix(own.whole, payload.whole) }
}

// ---- numbers of values: order of keys does not matter, order of items does

function printValue(value: unknown): Print {
  const print = { shape: 0, whole: 0 }
  addTo(print, value)
  return print
}

function addTo(print: Print, value: unknown): void {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? addItems(print, value) : addFields(print, value as Record<string, unknown>)
  const own = typeof value === 'string' ? textNumber(value) : typeof value === 'number' ? textNumber(`#${value}`) : value === null ? 11 : value === true ? 13 : 17
  print.whole = mix(print.whole, own)
  if (typeof value !== 'number') print.shape = mix(print.shape, own)
}

function addItems(print: Print, items: readonly unknown[]): void {
  print.whole = mix(print.whole, items.length)
  for (const item of items) {
    const own = printValue(item)
    print.whole = mix(print.whole, own.whole)
    print.shape = mix(print.shape, own.shape)
  }
}

function addFields(print: Print, fields: Record<string, unknown>): void {
  let [shape, whole] = [0, 0]
  for (const name in fields) {
    // In an event these tell its place; in what a message says, seq and viewnum are the protocol's own.
    if (leftOut.has(name) && !(name === 'seq' && !('wall' in fields))) continue
    const key = textNumber(name)
    const value = fields[name]
    // How long a scenario's step waited is no difference.
    const own = printValue(name === 'detail' && typeof value === 'string' ? value.replace(/\d+/g, '#') : value)
    whole = (whole + mix(key, own.whole)) | 0
    if (!wordsOnly.has(name)) shape = (shape + mix(key, own.shape)) | 0
  }
  print.whole = mix(print.whole, whole)
  print.shape = mix(print.shape, shape)
}

/** FNV-1a, 32 bits. */
function textNumber(text: string): number {
  let number = 0x811c9dc5
  for (let at = 0; at < text.length; at++) number = Math.imul(number ^ text.charCodeAt(at), 0x01000193)
  return number | 0
}

/** Two numbers as one, in this order; the last steps of MurmurHash3 spread every bit. */
function mix(one: number, other: number): number {
  let number = Math.imul(one ^ Math.imul(other, 0xcc9e2d51), 0x1b873593) + 0x9e3779b9
  number = Math.imul(number ^ (number >>> 16), 0x85ebca6b)
  number = Math.imul(number ^ (number >>> 13), 0xc2b2ae35)
  return (number ^ (number >>> 16)) | 0
}

type Columns = Omit<Prints, 'laneNames'>

function emptyColumns(size: number): Columns {
  return { lanes: new Uint16Array(size), shapes: new Uint32Array(size), wholes: new Uint32Array(size), beats: new Uint8Array(size), sent: new Uint32Array(size) }
}

function grown(columns: Columns): Columns {
  const larger = emptyColumns(columns.beats.length * 2)
  for (const name of ['lanes', 'shapes', 'wholes', 'beats', 'sent'] as const) larger[name].set(columns[name])
  return larger
}
