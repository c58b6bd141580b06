// Digests an event to two numbers, so that millions of events can be compared. `whole` covers all that a node could see of the event, `shape`
// what it is about. Neither covers times, counters (steps, ids) or what a machine adds (pids). An event about a message is digested with the
// message's content instead of its id. Pure; keeps the digests of messages in flight.
import { isHeartbeatMessage, isHeartbeatTimer, MessagesInFlight, type EventOf, type TraceEvent } from '../trace'

/** The digests of a recording's events: event `seq` is at index `seq - 1`. Plain arrays of numbers, which can be passed between threads. */
export interface Digests {
  readonly laneNames: readonly string[]
  /** Indices into `laneNames`. */
  readonly lanes: Uint16Array
  readonly shapes: Uint32Array
  readonly wholes: Uint32Array
  /** 1 for a heartbeat. */
  readonly beats: Uint8Array
  /** For an event about a message, the seq of its `message-sent`; else 0. */
  readonly sent: Uint32Array
}

/**
 * A lane is an order that does not depend on how processes interleave: the steps of a node, what happened to a process, the fate of
 * a link's messages. This lane has what people and the lab did.
 */
export const labLane = 'the lab'
/** As many lanes as a column can number; recordings have a few dozen. */
const lanesMax = 65_535

/** Fields that do not belong to what happened. */
const leftOut: ReadonlySet<string> = new Set(['seq', 'at', 'wall', 'step', 'pid', 'id', 'of', 'armed', 'stderr', 'remainingMs', 'operationId', 'address', 'createdAt', 'freeze', 'metBy', 'evidence'])
/** Fields whose text may differ in events of one shape; all numbers may differ too, so also the `seq` of a message. */
const wordsOnly: ReadonlySet<string> = new Set(['value', 'actual', 'expected', 'text', 'detail', 'reason', 'clientId', 'title'])

interface Payload {
  readonly seq: number
  readonly link: string
  readonly digest: Digest
  readonly isBeat: boolean
}

interface Digest {
  shape: number
  whole: number
}

/** Whether to leave the event out as a heartbeat. So is a stall: it depends on the machine, and no other run has the same one. */
function isBeat(event: TraceEvent, payload: Payload | undefined): boolean {
  if (event.type === 'stalled') return true
  return event.type === 'timer-fired' ? isHeartbeatTimer(event.name) : payload?.isBeat ?? false
}

export class EventDigester {
  readonly #lanes = new Map<string, number>()
  readonly #inFlight = new MessagesInFlight({ sent: payloadOf })
  #count = 0
  #columns = emptyColumns(1024)

  /** Takes the next event. Throws a RangeError on more than `lanesMax` lanes. */
  take(event: TraceEvent): void {
    const at = this.#count++
    if (at >= this.#columns.beats.length) this.#columns = grown(this.#columns)
    const payload = this.#inFlight.take(event)
    const digest = digestOf(event, payload?.digest)
    this.#columns.lanes[at] = this.#lane(laneOf(event, payload))
    this.#columns.shapes[at] = digest.shape
    this.#columns.wholes[at] = digest.whole
    this.#columns.sent[at] = payload?.seq ?? 0
    this.#columns.beats[at] = Number(isBeat(event, payload))
  }

  /** The digests of all events so far. */
  digests(): Digests {
    const { lanes, shapes, wholes, beats, sent } = this.#columns
    const cut = <Column extends Uint8Array | Uint16Array | Uint32Array>(column: Column): Column => column.slice(0, this.#count) as Column
    return { laneNames: [...this.#lanes.keys()], lanes: cut(lanes), shapes: cut(shapes), wholes: cut(wholes), beats: cut(beats), sent: cut(sent) }
  }

  #lane(name: string): number {
    const known = this.#lanes.get(name)
    if (known !== undefined) return known
    if (this.#lanes.size >= lanesMax) throw new RangeError('too many lanes')
    this.#lanes.set(name, this.#lanes.size)
    return this.#lanes.size - 1
  }
}

function payloadOf({ seq, from, to, message }: EventOf<'message-sent'>): Payload {
  return { seq, link: `${from} → ${to}`, digest: digestValue({ from, to, message }), isBeat: isHeartbeatMessage(message) }
}

/** A node's own lane has only its steps. A kill of its process, or a message that waits for it, belongs to another lane. */
function laneOf(event: TraceEvent, payload: Payload | undefined): string {
  if (event.type === 'message-sent') return event.from
  if (event.type === 'message-taken') return event.node
  if (event.type.startsWith('message-')) return payload?.link ?? labLane
  if (!('node' in event) || event.node === '') return labLane
  return 'step' in event ? event.node : `the process of ${event.node}`
}

function digestOf(event: TraceEvent, payload: Digest | undefined): Digest {
  if (payload === undefined) return digestValue(event)
  // A sending is digested as its message; a later event about the message adds its own content.
  const own = event.type === 'message-sent' ? digestValue(event.type) : digestValue(event)
  return { shape: mix(own.shape, payload.shape), whole: mix(own.whole, payload.whole) }
}

// ---- digests of values: the order of keys does not matter, the order of items does

/** How deep nested objects and lists are digested; recorded events nest at most eight deep. */
const depthMax = 32

function digestValue(value: unknown, depth = 0): Digest {
  const digest = { shape: 0, whole: 0 }
  addTo(digest, depth > depthMax ? null : value, depth)
  return digest
}

function addTo(digest: Digest, value: unknown, depth: number): void {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? addItems(digest, value, depth + 1) : addFields(digest, value as Record<string, unknown>, depth + 1)
  const own = typeof value === 'string' ? textNumber(value) : typeof value === 'number' ? textNumber(`#${value}`) : value === null ? 11 : value === true ? 13 : 17
  digest.whole = mix(digest.whole, own)
  if (typeof value !== 'number') digest.shape = mix(digest.shape, own)
}

function addItems(digest: Digest, items: readonly unknown[], depth: number): void {
  digest.whole = mix(digest.whole, items.length)
  for (const item of items) {
    const own = digestValue(item, depth)
    digest.whole = mix(digest.whole, own.whole)
    digest.shape = mix(digest.shape, own.shape)
  }
}

function addFields(digest: Digest, fields: Record<string, unknown>, depth: number): void {
  let [shape, whole] = [0, 0]
  for (const name in fields) {
    // In an event these fields are bookkeeping; inside a message, seq and viewnum belong to the protocol.
    if (leftOut.has(name) && !(name === 'seq' && !('wall' in fields))) continue
    const key = textNumber(name)
    const value = fields[name]
    // How long a step of a scenario waited does not count as a difference.
    const own = digestValue(name === 'detail' && typeof value === 'string' ? value.replace(/\d+/g, '#') : value, depth)
    whole = (whole + mix(key, own.whole)) | 0
    if (!wordsOnly.has(name)) shape = (shape + mix(key, own.shape)) | 0
  }
  digest.whole = mix(digest.whole, whole)
  digest.shape = mix(digest.shape, shape)
}

/** FNV-1a, 32 bits. */
function textNumber(text: string): number {
  let number = 0x811c9dc5
  for (let at = 0; at < text.length; at++) number = Math.imul(number ^ text.charCodeAt(at), 0x01000193)
  return number | 0
}

/** Combines two numbers in this order; the last steps of MurmurHash3 spread every bit. */
function mix(one: number, other: number): number {
  let number = Math.imul(one ^ Math.imul(other, 0xcc9e2d51), 0x1b873593) + 0x9e3779b9
  number = Math.imul(number ^ (number >>> 16), 0x85ebca6b)
  number = Math.imul(number ^ (number >>> 13), 0xc2b2ae35)
  return (number ^ (number >>> 16)) | 0
}

type Columns = Omit<Digests, 'laneNames'>

function emptyColumns(size: number): Columns {
  return { lanes: new Uint16Array(size), shapes: new Uint32Array(size), wholes: new Uint32Array(size), beats: new Uint8Array(size), sent: new Uint32Array(size) }
}

function grown(columns: Columns): Columns {
  const larger = emptyColumns(columns.beats.length * 2)
  for (const name of ['lanes', 'shapes', 'wholes', 'beats', 'sent'] as const) larger[name].set(columns[name])
  return larger
}
