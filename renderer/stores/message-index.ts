// For every event in memory: its type, and the seq of the event that sent its message. Takes five bytes per event; a map of all ids would
// take a hundred. Pure.
import { eventTypes, isHeartbeatMessage, isHeartbeatTimer, MessagesInFlight, type ClusterState, type EventType, type TraceEvent } from '../../src/trace'

/** Events of one chunk; only whole chunks are evicted. */
const chunkEvents = 65_536
/** The bit in `kinds` for an event about a heartbeat; the other bits are its type. */
const heartbeatBit = 0x80

interface Chunk {
  readonly sent: Int32Array
  readonly kinds: Uint8Array
}

const codeOf: ReadonlyMap<EventType, number> = new Map(eventTypes.map((type, index) => [type, index + 1]))

export class MessageIndex {
  /** For each message in flight: twice the seq of its sending, plus one for a heartbeat. */
  readonly #inFlight = new MessagesInFlight({ sent: ({ seq, message }) => seq * 2 + Number(isHeartbeatMessage(message)) })
  readonly #chunks = new Map<number, Chunk>()
  /** The chunk of the last taken event. */
  #chunk: Chunk = emptyChunk()
  #chunkIndex = -1

  /** `before`: the cluster state before the first event; without it the first event is event 1. */
  constructor(before?: ClusterState) {
    for (const [id, { sentSeq, type, to }] of before?.inFlight ?? []) {
      // The same rule as for a sent event: a view-reply to a replica answers its ping.
      const isBeat = type === 'ping' || (type === 'view-reply' && before?.nodes.get(to)?.kind === 'replica')
      this.#inFlight.set(id, sentSeq * 2 + Number(isBeat))
    }
  }

  /** Takes the next event; events must come in order. */
  take(event: TraceEvent): void {
    const { seq } = event
    this.#openChunkOf(seq)
    const at = seq % chunkEvents
    this.#chunk.kinds[at] = codeOf.get(event.type) ?? 0
    if (event.type.startsWith('message-')) this.#join(at, this.#inFlight.take(event))
    else if (event.type === 'timer-fired' && isHeartbeatTimer(event.name)) this.#chunk.kinds[at] |= heartbeatBit
  }

  /** Evicts events before `seq`. */
  dropBefore(seq: number): void {
    for (const index of this.#chunks.keys()) if ((index + 1) * chunkEvents <= seq) this.#chunks.delete(index)
  }

  /** seq of the event that sent the message; 0 for an event that is about no message, or is not in memory. */
  sentSeq(seq: number): number {
    return this.#chunks.get(Math.floor(seq / chunkEvents))?.sent[seq % chunkEvents] ?? 0
  }

  /** True for all events about a ping, its answer, or the timer that sends or checks pings. */
  isHeartbeat(seq: number): boolean {
    return (this.#kindAt(seq) & heartbeatBit) !== 0
  }

  typeAt(seq: number): EventType | undefined {
    return eventTypes[(this.#kindAt(seq) & ~heartbeatBit) - 1]
  }

  #kindAt(seq: number): number {
    return this.#chunks.get(Math.floor(seq / chunkEvents))?.kinds[seq % chunkEvents] ?? 0
  }

  #join(at: number, message: number | undefined): void {
    if (message === undefined) return
    this.#chunk.sent[at] = Math.floor(message / 2)
    if (message % 2 === 1) this.#chunk.kinds[at]! |= heartbeatBit
  }

  #openChunkOf(seq: number): void {
    const index = Math.floor(seq / chunkEvents)
    if (index === this.#chunkIndex) return
    this.#chunkIndex = index
    this.#chunk = this.#chunks.get(index) ?? emptyChunk()
    this.#chunks.set(index, this.#chunk)
  }
}

function emptyChunk(): Chunk {
  return { sent: new Int32Array(chunkEvents), kinds: new Uint8Array(chunkEvents) }
}
